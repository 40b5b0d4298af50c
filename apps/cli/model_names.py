"""Read models as words of a command line."""

import typer


def require_model(model: str, /, *, hint: str) -> str:
    """A read model's name.

    Raises:
        typer.BadParameter: there is none of this name; the text says which there are.
    """
    from workers.model_desk import MODEL_NAMES  # noqa: PLC0415 - heavy; not needed for --help

    if model not in MODEL_NAMES:
        raise typer.BadParameter(
            f"no such model: {model}; there are {', '.join(MODEL_NAMES)}", param_hint=hint
        )
    return model
