"""A report on disk: scores.json, table.md, charts and sheets."""

import json
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8

from cdaae_jax import files, images
from cdaae_jax.evaluation.measures.scores import Row

Picture = UInt8[np.ndarray, "h w 3"]


class Report(NamedTuple):
    """What an evaluation came to.

    Attributes:
      scores: by name, for each model and what stands beside the models.
      facts: of scores.json.
      text: of table.md.
      pictures: by file name.
    """

    scores: dict[str, Row]
    facts: Mapping[str, Any]
    text: str
    pictures: Mapping[str, Picture]

    def write(self, folder: pathlib.Path) -> None:
        """Writes it all; the folder is made if missing.

        Raises:
          UserError: a file cannot be written.
        """
        for name, picture in self.pictures.items():
            images.write(folder / name, picture)
        files.write_text(folder / "table.md", self.text)
        files.write_text(folder / "scores.json", json.dumps(self.facts, indent=2, allow_nan=False) + "\n")
