"""What a catalogue says of a method, a control or a check."""

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue.parameters import MethodParameters
from junco.contract.catalogue.words import CheckName, Control, Family, Method, Verdict, View


class Described(Frozen):
    """A method or control in words."""

    name: Method | Control
    family: Family
    title: str
    summary: str
    view: View
    deterministic: bool
    formula: str
    source: str
    cost: str


class MethodCard(Described):
    """What a catalogue says of a method or control."""

    parameters: type[MethodParameters]
    gradients: bool = Field(default=True, description="Whether the method differentiates the model.")
    folds: bool = Field(
        default=False,
        description="Whether input_shift folds the shift into the first layer, which the method's rules start from.",
    )
    blind_spots: str | None = Field(default=None, description="What the method is known not to show.")
    expected: Verdict | None = Field(
        default=None, description="A control's known verdict under parameter_randomization."
    )


class CheckCard(Frozen):
    """What a catalogue says of a check."""

    name: CheckName
    title: str
    summary: str
    question: str
    source: str
    context: bool = Field(
        default=False, description="Whether it stands beside a method's word, without a part in it, unless alone."
    )
