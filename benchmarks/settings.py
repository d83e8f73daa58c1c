"""What is measured: the networks' sizes and the batch, as plain values that go from process to process as JSON."""

import dataclasses

from cdaae_jax.config import Config, Loss, Model, Optim, Run

NUM_LABELS = 7


@dataclasses.dataclass(frozen=True)
class Settings:
    """One case of a benchmark; the defaults are the reference network.

    Attributes:
      kernel_size: of all 2-D convolutions.
      batch_size: pairs per training step, or photos per call of the generator.
      image_size: pixels.
      width: channels after the encoder's first convolution.
      max_width: the most channels of any layer.
      join_level: where the feedforward path leaves the encoder; 0 for none.
      discriminator_width: channels of the image discriminator's first convolution.
      discriminator_dense: units of its dense layer.
      latent_norm: standardise the latent before its tanh.
      leak: slope of the leaky ReLU below zero.
      dtype: compute type, "float32" or "bfloat16".
    """

    kernel_size: int = 4
    batch_size: int = 32
    image_size: int = 64
    width: int = 64
    max_width: int = 512
    join_level: int = 1
    discriminator_width: int = 16
    discriminator_dense: int = 256
    latent_norm: bool = True
    leak: float = 0.2
    dtype: str = "float32"

    def config(self) -> Config:
        """Returns the experiment: the defaults' losses and optimisers, but no warm-up, so that every term counts."""
        model = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in ("batch_size", "join_level")
        }
        return Config(
            model=Model(
                name="plain",
                **model,
                join_levels=(self.join_level,) if self.join_level else (),
                label_at_every_level=False,
            ),
            loss=Loss(warmup_steps=0),
            optim=Optim(warmup_steps=0),
            run=Run(batch_size=self.batch_size),
        )
