"""What is measured: the networks' sizes and the batch, as plain values that go from process to process as JSON."""

import dataclasses

from cdaae_jax.config import Config, picture_size
from configs import emotion

NUM_LABELS = 7
MODELS = ("cdaae", "plain")


@dataclasses.dataclass(frozen=True)
class Settings:
    """One case of a benchmark; see `reference` for the two networks that are measured.

    Attributes:
      name: "cdaae", the default model, which makes a change of the photo; or "plain", whose features lead to a picture.
      kernel_size: of all 2-D convolutions.
      batch_size: pairs per training step, or photos per call of the generator.
      image_size: pixels of what the networks see.
      picture_size: pixels of the pictures; 0 for those of the networks.
      width: channels after the encoder's first convolution.
      max_width: the most channels of any layer.
      join_levels: where the feedforward paths leave the encoder.
      label_at_every_level: give the label to every layer of the decoder.
      paint_detail: side of the grid of mask and paint, in sides of what the networks see.
      discriminator_width: channels of the image discriminator's first convolution.
      discriminator_dense: units of its dense layer.
      latent_norm: standardise the latent before its tanh.
      leak: slope of the leaky ReLU below zero.
      dtype: compute type, "float32" or "bfloat16".
    """

    name: str = "plain"
    kernel_size: int = 4
    batch_size: int = 32
    image_size: int = 64
    picture_size: int = 0
    width: int = 64
    max_width: int = 512
    join_levels: tuple[int, ...] = (1,)
    label_at_every_level: bool = False
    paint_detail: int = 1
    discriminator_width: int = 16
    discriminator_dense: int = 256
    latent_norm: bool = True
    leak: float = 0.2
    dtype: str = "float32"

    def config(self) -> Config:
        """Returns the experiment: of configs/emotion.py for the model that makes a change, else of the defaults.

        Left out is what needs a data set (true maps) or makes batches differ (augmentation), and both schedules, so
        that every term counts from the first step on.
        """
        base = emotion.get_config() if self.name == "cdaae" else Config()
        model = {field.name for field in dataclasses.fields(base.model)}
        return Config(
            data=dataclasses.replace(
                base.data, picture_size=self.picture_size, light=0.0, camera=0.0, misalignment=0.0
            ),
            model=dataclasses.replace(
                base.model,
                **{name: value for name, value in vars(self).items() if name in model}
                | {"join_levels": tuple(self.join_levels)},  # JSON has lists
            ),
            loss=dataclasses.replace(base.loss, warmup_steps=0, maps_weight=0.0, painted_weight=0.0, shade_weight=0.0),
            optim=dataclasses.replace(base.optim, warmup_steps=0, decay_steps=0),
            run=dataclasses.replace(base.run, batch_size=self.batch_size),
        )

    @property
    def side(self) -> int:
        """Pixels of the pictures."""
        config = self.config()
        return picture_size(config.model, config.data)


def reference(name: str) -> Settings:
    """Returns the network that is measured: "cdaae" as configs/emotion.py trains it, "plain" as `Settings` has it."""
    if name == "plain":
        return Settings()
    config = emotion.get_config()
    known = {field.name for field in dataclasses.fields(Settings)}
    model = {field: value for field, value in vars(config.model).items() if field in known}
    return Settings(**model, batch_size=config.run.batch_size, picture_size=config.data.picture_size)
