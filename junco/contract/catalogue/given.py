"""Parameters as they are given, held against a method's card."""

from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from junco.contract.catalogue.cards import MethodCard


def require_parameters(card: MethodCard, given: dict[str, JsonValue]) -> None:
    """Raise ``ValidationError`` for parameters that the method does not have, or not with such values."""
    try:
        card.parameters.model_validate(given)
    except ValidationError as error:
        raise ValidationError.from_exception_data(
            error.title, [_told(found, card) for found in error.errors(include_url=False)]
        ) from None


def _told(error: ErrorDetails, card: MethodCard) -> InitErrorDetails:
    """The same error; of a name that is none of the method's it says which are."""
    kept = InitErrorDetails(type=error["type"], loc=error["loc"], input=error["input"], ctx=error.get("ctx", {}))
    if error["type"] != "extra_forbidden":
        return kept
    words = {"method": card.name.value, "known": ", ".join(card.parameters.model_fields) or "none"}
    said = PydanticCustomError("extra_forbidden", "{method} has no such parameter; it has {known}", words)
    return InitErrorDetails(type=said, loc=error["loc"], input=error["input"])
