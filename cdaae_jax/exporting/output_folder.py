"""A folder that appears whole or not at all, and never in place of somebody else's."""

import contextlib
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

from cdaae_jax.errors import UserError
from cdaae_jax.pretrained import model_folder

_OURS = {*model_folder.FILES}
_OUR_ENDINGS = (".stablehlo", ".onnx")


@contextlib.contextmanager
def writing(output: pathlib.Path, overwrite: bool) -> Iterator[pathlib.Path]:
    """Yields an empty folder beside `output`, which becomes `output` if the block ends without an exception.

    Args:
      output: missing, or an empty folder, or with `overwrite` an earlier export.
      overwrite: whether an earlier export may be replaced.

    Raises:
      UserError: `output` holds something else, or cannot be written. It stays as it was.
    """
    output = output.absolute()
    temporary = None
    try:
        refuse_foreign(output, overwrite)
        output.parent.mkdir(parents=True, exist_ok=True)
        temporary = pathlib.Path(tempfile.mkdtemp(dir=output.parent, prefix=f".{output.name}."))
        new = temporary / output.name
        new.mkdir()
        yield new
        refuse_foreign(output, overwrite)  # once more: an export takes a minute, and another may have been faster
        if output.exists():
            output.rename(temporary / "before")
        try:
            new.rename(output)
        except OSError:
            if (temporary / "before").exists():
                (temporary / "before").rename(output)
            raise
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"cannot write {output}: {reason}; choose a place that you may write to") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)  # what cannot be deleted is hidden, and in nobody's way


def refuse_foreign(output: pathlib.Path, overwrite: bool) -> None:
    """Checks that writing to `output` would take nothing away from anybody.

    Raises:
      UserError: it is a file, holds files that are not from an export, or an export without `overwrite`.
    """
    if not output.exists():
        return
    if not output.is_dir():
        raise UserError(f"--output={output} is a file; name a new folder")
    inside = sorted(path.name for path in output.iterdir())
    foreign = [name for name in inside if name not in _OURS and not name.endswith(_OUR_ENDINGS)]
    if inside and (foreign or model_folder.META not in inside):
        shown = ", ".join((foreign or inside)[:3])
        raise UserError(f"--output={output} holds files that are not from cdaae-export ({shown}); name a new folder")
    if inside and not overwrite:
        raise UserError(f"--output={output} holds an earlier export; add --overwrite, or name a new folder")
