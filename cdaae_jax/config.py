"""The typed configuration of an experiment, in five small dataclasses.

The dataclasses are not frozen, so that ml_collections.config_flags can apply `--config.optim.learning_rate=1e-4`
with the field's own type. Call `validation.validate` before use.
"""

import dataclasses


@dataclasses.dataclass
class Data:
    """Where the pictures come from and how pairs are drawn from them.

    Attributes:
      manifests: CSV files (columns file, subject, and expression or AUs), or folders laid out as
        subject/expression/picture, relative to the data folder; "people.csv?expression=neutral,happy" keeps only those
        rows. Or TFDS builders, some with options: "tfds:frl_london", "tfds:synthetic_faces/64?people=40".
      label_kind: "emotion", "au", or "both": emotions and AUs in one label, of which sets know what they know; the rest
        is masked.
      label_names: the label vector's entries; empty means all that the data holds, in the vocabulary's order.
      set_weights: how much of the training each of `manifests` makes up, as weights; empty draws all people alike. A
        person of several manifests counts for the first.
      separate_sets: the same id in two sets means two people: a person's id is then set + subject, a set being a
        builder or the folder of a manifest. Builders of public sets name their people so anyway.
      held_out: how many people (the last ids in sorted order) are kept for the test. It applies only to people whose
        split the data does not give: a manifest's column `split` (train, validation or test) takes precedence.
      max_people: train on only this many people, the first of the training part; 0 means all.
      identity_share: share of the pairs, 0..1, whose target is the source itself.
      flip: mirror half of the pairs, both pictures alike, unless the target's label is one-sided (contempt, AU12R).
      shift: move each pair by up to this share of the picture's side, 0..0.5, both pictures alike.
      colour: multiply each colour channel by a factor within this of 1, 0..1, both pictures alike.
      light, camera, misalignment: strengths of what other cameras would have done to a pair
        (`training.augmentation`): light, white balance and contrast, 0..1; noise, blur and compression, 0..1; turns,
        sizes and shifts, as a share, 0..0.2.
      proportions: make faces of other proportions: both pictures of a pair, and both halves of a face, are bent alike,
        smoothly, by up to this share of the side, 0..0.05.
      picture_size: pixels of the pictures that pairs are made of, that the reconstruction is compared at, and that
        sampling writes: a multiple of `model.image_size`, to which they are shrunk for the networks, up to 512. 0 takes
        `model.image_size` itself.
      neutral_source: share of the pairs, 0..1, whose source is the person's most neutral photo.
      registered: lay each photo over the person's most neutral one before it is used (`data.registration`), so that the
        head does not move between the photos of a pair. Sets without landmarks stay as they are (docs/data.md).
      photos_on: where the photos of a set lie that fits in memory: "device", each of which has all of them and is told
        which ones to take; "host", which sends each batch; or "auto", the device unless it is a CPU.
      cache_gib: keep decoded pictures in memory where they fit in so many GiB; else decode on the fly.
    """

    manifests: tuple[str, ...] = ()
    label_kind: str = "emotion"
    label_names: tuple[str, ...] = ()
    set_weights: tuple[float, ...] = ()
    separate_sets: bool = False
    held_out: int = 16
    max_people: int = 0
    identity_share: float = 0.1
    flip: bool = True
    shift: float = 0.0
    colour: float = 0.0
    light: float = 0.0
    camera: float = 0.0
    misalignment: float = 0.0
    proportions: float = 0.0
    picture_size: int = 0
    neutral_source: float = 0.0
    registered: bool = False
    photos_on: str = "auto"
    cache_gib: float = 4.0


@dataclasses.dataclass
class Model:
    """The networks. The defaults train at 64 px on two CPU cores; `paper` has the sizes of CAAE at 128 px.

    Attributes:
      name: an entry of `cdaae_jax.models.registry`.
      image_size: pixels of what the networks see, a power of two from 32 to 256.
      width: channels after the encoder's first convolution; doubled at each level up to `max_width`.
      max_width: the most channels of any layer.
      kernel_size: height and width of all kernels of 2-D convolutions.
      latent_size: length of the latent vector.
      latent_norm: standardise the latent before its tanh. Without this a fast run can saturate every latent for good
        (`latent_saturated` in the metrics), and the difference then no longer depends on the person.
      join_levels: feedforward paths leave after so many stride-2 convolutions, each 1 to 3; `plain` alone can also join
        at 0, the photo itself, or nowhere: ().
      heads: which parts of a change are made, of "flow", "shift" and "paint" (`models.change`); `cdaae` alone has a
        choice.
      flow_reach: the farthest that the flow fetches a pixel from, in sides of the picture.
      flow_detail: side of the flow's grid, in halves of what the networks see: 1 or 2.
      shift_detail: side of the shift's grid, in sides of what the networks see: 1 or 2.
      paint_detail: side of the grid of mask and paint, in sides of what the networks see: 1 or 2.
      moving_shift: draw the shift where the photo has brows, nose and mouth, and move it with the skin by the flow;
        needs both heads.
      atlas: channels, after its first convolution, of the network that lays an atlas over the photo
        (`models.atlas`): what each label does to the mean face, which the decoder adds to; 0 is none. `cdaae`
        alone can have one.
      atlas_detail: side of the grid of an atlas's flow, in sides of what the networks see: 1 or 2. A lid is one pixel
        of 64 high.
      atlas_carried: let an atlas's flow carry its maps along, so that action units combine as muscles do and a shown
        expression is undone before another is made; needs an atlas.
      atlas_still: let what an atlas paints stay where it is, in its full colours at any amount, as teeth do behind
        lips, and leave an open mouth its own teeth; needs an atlas and "paint" among the heads.
      atlas_slit: let the mask of what an atlas paints be carried point by point, so that it opens from a slit between
        the lips as far as these part; needs `atlas_carried` and `atlas_still`.
      atlas_parted: let that slit be the straight line in which the lips of the mean face meet, so that parted lips have
        smooth edges, and read how far apart a photo's lips are, so that they close; needs `atlas_slit`.
      label_repeats: how often the label is tiled before it joins the latent; 0 tiles it to about the latent's length.
      label_at_every_level: give the label to every layer of the decoder, not only to the first.
      upsampling: "deconv" (transposed convolution) or "resize" (nearest neighbour, then convolution).
      leak: slope of the leaky ReLU below zero; 0 is the plain ReLU.
      discriminator_width: channels of the image discriminator's first convolution.
      discriminator_dense: units of its dense layer.
      discriminator_norm: "batch", "layer" or "none".
      dtype: compute type, "float32" or "bfloat16"; parameters and outputs are always float32.
    """

    name: str = "cdaae"
    image_size: int = 64
    width: int = 32
    max_width: int = 1024
    kernel_size: int = 4
    latent_size: int = 50
    latent_norm: bool = True
    join_levels: tuple[int, ...] = (1, 2)
    heads: tuple[str, ...] = ("flow", "shift", "paint")
    flow_reach: float = 0.15
    flow_detail: int = 1
    shift_detail: int = 1
    paint_detail: int = 1
    moving_shift: bool = False
    atlas: int = 0
    atlas_detail: int = 1
    atlas_carried: bool = False
    atlas_still: bool = False
    atlas_slit: bool = False
    atlas_parted: bool = False
    label_repeats: int = 0
    label_at_every_level: bool = True
    upsampling: str = "deconv"
    leak: float = 0.2
    discriminator_width: int = 16
    discriminator_dense: int = 256
    discriminator_norm: str = "batch"
    dtype: str = "float32"


@dataclasses.dataclass
class Loss:
    """What the generator is trained on.

    Attributes:
      reconstruction: "l1", "l2" or "smooth_l1" (for pictures without noise, `losses.smooth_l1`), weight 1: all other
        weights are relative to it.
      adversarial: "bce", "lsgan" or "hinge".
      image_weight: weight of the image discriminator's term.
      critic_sees: what the image discriminator judges: "face", the whole picture at the networks' size, or "mouth", the
        mouth's surroundings at the pictures' own size.
      latent_weight: weight of the latent discriminator's term.
      total_variation_weight: weight of the output's total variation.
      pyramid_weight: weight of the same difference at each octave of a Laplacian pyramid of the pictures, which counts
        edges and folds for what the eye makes of them and not for their area.
      flow_weight: weight of the flow's second differences: neighbours move alike.
      mask_weight: weight of the mean of the mask: only what must be painted is.
      maps_weight: weight of the distance from the true flow and painted share, where the data has them (`data.maps`).
      painted_weight: weight of the reconstruction once more where the true maps say that something is painted (teeth,
        the inside of the mouth), as a mean over these pixels alone; needs `maps_weight`.
      shade_weight: weight of the distance of the shift from the true shading, folds of skin above all; needs
        `maps_weight`.
      shade_edge_weight: weight of the same distance between the differences of neighbours: a fold is as narrow as it
        is; needs `maps_weight`.
      shade_depth: both count a point 1 + shade_depth |true shift| times, so that a fold which is missing costs more
        than a faint one that should not be there.
      place_weight: weight of the distance from the true places on the mean face, where the data knows them
        (`data.places`); needs `model.atlas`.
      shown_weight: weight of the distance of what an atlas reads off the source from the source's own label; needs
        `model.atlas`.
      lips_weight: weight of the distance of where an atlas reads the source's lips to be from where they are, where the
        data knows it (`data.mouths`); needs `model.atlas_parted`.
      divergence_weight: weight of the divergence of a Gaussian latent from its prior, per latent in nats; `cvae` alone
        has one.
      warmup_steps: both adversarial weights are 0 before this step; the discriminators learn from the start.
    """

    reconstruction: str = "l1"
    adversarial: str = "bce"
    image_weight: float = 1e-4
    critic_sees: str = "face"
    latent_weight: float = 0.01
    total_variation_weight: float = 0.0
    pyramid_weight: float = 0.0
    flow_weight: float = 0.0
    mask_weight: float = 0.0
    maps_weight: float = 0.0
    painted_weight: float = 0.0
    shade_weight: float = 0.0
    shade_edge_weight: float = 0.0
    shade_depth: float = 0.0
    place_weight: float = 0.0
    shown_weight: float = 0.0
    lips_weight: float = 0.0
    divergence_weight: float = 1e-5
    warmup_steps: int = 500


@dataclasses.dataclass
class Optim:
    """Adam, one each for generator, image discriminator and latent discriminator.

    Attributes:
      learning_rate: of all three.
      beta1, beta2: Adam's decay rates.
      warmup_steps: the number of first steps over which the rate rises from 0.
      decay_steps: the number of last steps over which the rate falls to 0 along a half cosine; 0 keeps it constant.
      ema_decay: decay of the running average of the generator's parameters, which sampling uses; 0 means no average.
      clip_norm: a network's gradients are scaled down to this norm, all together, when theirs is larger (Pascanu et al.
        2013); 0 leaves them as they are.
    """

    learning_rate: float = 1e-3
    beta1: float = 0.5
    beta2: float = 0.999
    warmup_steps: int = 500
    decay_steps: int = 0
    ema_decay: float = 0.999
    clip_norm: float = 1.0


@dataclasses.dataclass
class Run:
    """How long, how often, on how many devices.

    Attributes:
      seed: of the initial parameters, the pairs and the prior.
      steps: training steps in all.
      batch_size: pairs per step over all devices of all processes.
      num_devices: local devices to use; 0 means all, which are two on a CPU of two or more cores.
      steps_per_call: how many steps the devices take in one call where nothing is due in between. Each call costs the
        host about 2 ms: more helps where an accelerator's step takes less than that. On a CPU it makes steps longer.
      log_steps, grid_steps, checkpoint_steps: intervals in steps; with 0 it happens only at the last step.
      checkpoint_minutes: a checkpoint is also written when the last one is older than this; 0 switches it off.
      keep_checkpoints: how many of the newest checkpoints are kept.
      tolerate_failed_writes: go on training, with a warning each time, when a checkpoint or metrics cannot be written,
        as on a full disk; the last checkpoint must be written all the same. Otherwise the run ends.
      start_from: a workdir, checkpoint, export or shipped model ("emotion") whose generator this training starts
        from, where names and shapes fit; empty starts from random parameters. Who it was trained on must not be kept
        for validation or test here.
      profile_steps: record so many steps, after the first ten, for a profile viewer in workdir/profile; 0 is off.
    """

    seed: int = 0
    steps: int = 10_000
    batch_size: int = 16
    num_devices: int = 0
    steps_per_call: int = 1
    log_steps: int = 100
    grid_steps: int = 1_000
    checkpoint_steps: int = 1_000
    checkpoint_minutes: float = 10.0
    keep_checkpoints: int = 2
    tolerate_failed_writes: bool = False
    profile_steps: int = 0
    start_from: str = ""


@dataclasses.dataclass
class Config:
    """One experiment."""

    data: Data = dataclasses.field(default_factory=Data)
    model: Model = dataclasses.field(default_factory=Model)
    loss: Loss = dataclasses.field(default_factory=Loss)
    optim: Optim = dataclasses.field(default_factory=Optim)
    run: Run = dataclasses.field(default_factory=Run)


def picture_size(model: Model, data: Data) -> int:
    """Returns the pixels of a training's pictures."""
    return data.picture_size or model.image_size


def paper() -> Model:
    """Returns the sizes of CAAE (Zhang et al., CVPR 2017), which CDAAE builds on, at 128 px with the join at 32x32."""
    return Model(
        name="plain",
        image_size=128,
        width=64,
        kernel_size=5,
        latent_norm=False,
        join_levels=(2,),
        label_at_every_level=False,
        leak=0.0,
        discriminator_width=16,
        discriminator_dense=1024,
    )
