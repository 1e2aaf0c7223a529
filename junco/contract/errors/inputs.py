"""What the caller can mend."""

from junco.contract.errors.root import JuncoError


class BadInput(JuncoError):
    """The caller can mend it."""

    code = "BAD_INPUT"
    title = "The request cannot be carried out as it is"
    status = 422


class InvalidPlan(BadInput):
    """A plan that contradicts itself or names what does not exist."""

    code = "INVALID_PLAN"
    title = "The plan is not valid"


class ModelsDiffer(InvalidPlan):
    """A model beside the plan's own that cannot be compared with it."""

    code = "MODELS_DIFFER"
    title = "The plan's models cannot be compared"


class ModelFormatUnsupported(BadInput):
    """Not a format that Junco reads."""

    code = "MODEL_FORMAT_UNSUPPORTED"
    title = "This is not a model file that Junco reads"
    status = 415


class ModelUnreadable(BadInput):
    """The right format, but damaged or refused by the loader."""

    code = "MODEL_UNREADABLE"
    title = "The model file cannot be loaded"


class ModelOutputShape(BadInput):
    """The model does not answer [n, classes]."""

    code = "MODEL_OUTPUT_SHAPE"
    title = "The model is not an image classifier"


class InputShapeMismatch(BadInput):
    """The model refuses inputs of the plan's shape."""

    code = "INPUT_SHAPE_MISMATCH"
    title = "The model does not take images of this shape"


class ModelNotJudgeable(BadInput):
    """Loads and runs, but cannot be explained or randomised."""

    code = "MODEL_NOT_JUDGEABLE"
    title = "The model cannot be judged"


class NoImages(BadInput):
    """An image set without images."""

    code = "NO_IMAGES"
    title = "There is no image to work on"


class ImageUnreadable(BadInput):
    """Not an image, or a damaged one."""

    code = "IMAGE_UNREADABLE"
    title = "A file is not a readable image"


class ImageTooSmall(BadInput):
    """An image with too few pixels to carry a map."""

    code = "IMAGE_TOO_SMALL"
    title = "An image is too small"


class ImageTooLarge(BadInput):
    """An image with more pixels than Junco decodes."""

    code = "IMAGE_TOO_LARGE"
    title = "An image is too large"


class PayloadTooLarge(BadInput):
    """More bytes than the service takes."""

    code = "PAYLOAD_TOO_LARGE"
    title = "The upload is too large"
    status = 413


class UploadTooSlow(BadInput):
    """A body that dawdles."""

    code = "UPLOAD_TOO_SLOW"
    title = "The upload arrives too slowly"
    status = 408


class IdempotencyKeyReused(BadInput):
    """One Idempotency-Key for two different requests."""

    code = "IDEMPOTENCY_KEY_REUSED"
    title = "The Idempotency-Key belongs to another request"
