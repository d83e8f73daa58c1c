"""The atlas: what each label does to the mean face, and a network that lays it over the face of a photo.

Muscles lie in the same places of all faces. What a network must learn of an expression, it therefore learns once, on
the mean face, at any detail, and what it must learn of a person is where brows, nose and mouth are: smooth, the same
for all labels, and learnt from every picture alike. A fold then comes out as sharp as it is on the mean face, where a
network that draws it for each photo anew draws the blurred mean of all places that it thinks possible.

Laying a learnt template over a face is Deforming Autoencoders' (Shu et al. 2018, arXiv 1806.06503), and older than
these (active appearance models, Cootes et al. 1998); the network that registers a picture is VoxelMorph's
(Balakrishnan et al. 2019, arXiv 1809.05231).
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.models import change, layers, lips
from cdaae_jax.models.encoder import channels, num_levels

MAPS = ("flow", "light", "mask", "paint")  # an atlas's parameters that are maps, by label


class Laid(NamedTuple):
    """The atlas of n labels, laid over n photos of s pixels.

    Attributes:
      place: how far from each point of the photo its place on the mean face is, (x, y) in sides of the picture. If the
        photo shows an expression, the places are those of the neutral face under it.
      shown: how much of each label the photo shows already.
      flow: as in `change.Change`, on a grid of s or 2 s.
      light: the logarithm of the factor by which the light on the moved skin changes.
      mask, paint: of what is painted, before sigmoid and tanh; None if nothing is.
      mouth: what is painted at the lips; None if they do not part.
      ajar: where the photo's lips are, see `lips.in_the_middle`; None if they do not part.
    """

    place: Float[Array, "n s/4 s/4 2"]
    shown: Float[Array, "n l"]
    flow: Float[Array, "n f f 2"]
    light: Float[Array, "n 2s 2s 1"]
    mask: Float[Array, "n 2s 2s 1"] | None = None
    paint: Float[Array, "n 2s 2s 3"] | None = None
    mouth: lips.Mouth | None = None
    ajar: Float[Array, "n 2"] | None = None


class Atlas(nn.Module):
    """Flow, light, mask and paint of each entry of the label on the mean face, as strong as the label asks for them.

    A photo that shows an expression already is not neutral: what it shows is read and taken off the label. The maps are
    0 before training, the photo is then read as neutral and its face as the mean face.

    Attributes:
      image_size: pixels of the photos, as in the encoder.
      width: channels after the first convolution of the network that finds places; the most are four times as many.
      kernel_size, leak, dtype: as in the encoder.
      detail: side of the flow's grid, in sides of the photo.
      paints: whether there are mask and paint.
      carried: whether the maps lie on the neutral face and the flow carries them along, so that the flows of several
        labels add up as the moves of muscles do, in any order, and a change from one expression into another leads
        back through the neutral face. Otherwise they lie on the changed face.
      still: whether what is painted stays where it is on the face and has its full colours at any amount, as teeth do
        behind lips that move: only the mask opens with the amount, and less where the photo's mouth is open already
        (unless it is a slit). Otherwise colours are carried and grow, as all else.
      slit: whether a carried atlas's mask moves with each point of the skin. It then is the slit between the lips, and
        opens as far as they part. Otherwise it moves as the skin around it does on the whole.
      parted: whether a slit is a straight line, `lips.MEET`, to both sides of which lips move as one. What lies between
        them follows from where they end, and how far apart a photo's lips are is read, so that they close.
    """

    image_size: int
    width: int
    kernel_size: int
    leak: float
    detail: int
    paints: bool
    carried: bool = False
    still: bool = False
    slit: bool = False
    parted: bool = False
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, source: Float[Array, "n s s 3"], label: Float[Array, "n l"]) -> Laid:
        """`source` is a photo in [-1, 1]; `label` is the target's, see `cdaae_jax.labels`."""
        size, entries = self.image_size, label.shape[-1]
        place, shown, code = self._read(source, entries)
        left = label - shown
        flows = self._maps("flow", entries, self.detail * size, 2)
        if self.parted:
            flows = lips.even(lips.parted(flows))
        skin = gap = place
        if self.carried:
            skin = self._carried(place, _mixed(flows, label))
            # What is painted fills what the skin leaves open, and moves with it or as that around it does on the whole.
            gap = skin if self.slit else change.shrink(skin, place.shape[1])

        def lay(maps: jax.Array, shares: jax.Array, at: jax.Array, scale: float = 1.0) -> jax.Array:
            mean = _mixed(maps, scale * shares)
            return change.move(mean, change.enlarge(at, *mean.shape[1:3]))

        moves, shares, read, mouth = flows, left, None, None
        if self.parted:
            turned, farther = self._turned(entries), self._farther(code)
            ajar = farther + nn.relu(shown) @ turned
            # A flow more for each way in which a photo's lips are apart.
            moves = jnp.concatenate([flows, lips.parting(flows.shape[1])])
            ends = lips.ends(moves)
            undone = lips.undone(shown, label, ends[:entries])
            own = _mixed(ends, jnp.concatenate([shown, ajar], axis=-1))
            read = lips.in_the_middle(own)
            shares = jnp.concatenate([left, -undone * (ajar + lips.pressed(read[:, :1]))], axis=-1)
            wanted = _mixed(ends, jnp.concatenate([label, (1.0 - undone) * farther], axis=-1))
            mouth = lips.mouth(place, skin, own, wanted, label @ turned, undone)
        flow = lay(moves, shares, skin)
        light = lay(self._maps("light", entries, 2 * size, 1), left, skin)
        laid = Laid(place, shown, flow, light, mouth=mouth, ajar=read)
        if not self.paints:
            return laid
        # Nobody paints skin over the teeth of a smile: the lips come back over them.
        opened = nn.relu(left) if self.carried else left
        mask, paint = (self._maps(name, entries, 2 * size, depth) for name, depth in (("mask", 1), ("paint", 3)))
        covered = lay(mask, opened, gap, _STEEP)
        if not self.still:
            return laid._replace(mask=covered, paint=lay(paint, opened, gap, _BRIGHT))
        if not self.slit:
            # Behind lips that are open already a photo has teeth of its own, better than any that could be painted. But
            # a slit opens the same for all labels: taken off, it would leave the teeth torn that another one stretches.
            covered -= lay(nn.relu(mask), nn.relu(-left), gap, _STEEP)
        asked = nn.relu(opened)
        coloured = asked / jnp.maximum(asked.sum(axis=-1, keepdims=True), _LEAST)
        return laid._replace(mask=covered, paint=lay(paint, coloured, place, _BRIGHT))

    def _maps(self, name: str, entries: int, side: int, depth: int) -> jax.Array:
        return self.param(name, nn.initializers.zeros, (entries, side, side, depth), jnp.float32)

    def _carried(self, place: Float[Array, "n p p 2"], flow: Float[Array, "n f f 2"]) -> Float[Array, "n f f 2"]:
        """Returns how far from each point of the changed picture the place on the mean face is of the skin seen there.

        Skin at x comes to lie at y = x - flow(x), with the flow on the neutral face: x = y + flow(x) is iterated. Where
        skin is stretched, over an eye that closes or between lips that part, each x would lie on the other side of the
        place that is to be found, and further away. The next one is therefore looked for on the line between two, of
        which one is before that place and the other beyond it, where there are such (the Illinois method, Dowell &
        Jarratt 1971). Where a lid comes to lie over the eye, both are there: the search starts as far away as anything
        nearby moves, and so finds what moves.
        """
        side = flow.shape[1]
        place = change.enlarge(place, side, side)

        def probed(moved: jax.Array) -> _Probe:
            return _Probe(moved, change.move(flow, moved + change.move(place, moved)) - moved)

        first = probed(change.move(_farthest(flow), place))
        last = probed(first.at + first.off / 2)
        for _ in range(_ITERATIONS):
            found = probed(_between(first, last))
            kept = (_dot(found.off, last.off) >= 0) & (_dot(found.off, first.off) < 0)
            first = _Probe(jnp.where(kept, first.at, last.at), jnp.where(kept, first.off / 2, last.off))
            last = found
        # The maps' own gradient is enough to learn them by; through the iterations it would be steep between lips.
        moved = jax.lax.stop_gradient(_between(first, last))
        return moved + change.move(place, moved)

    def _read(
        self, source: Float[Array, "n s s 3"], entries: int
    ) -> tuple[Float[Array, "n s/4 s/4 2"], Float[Array, "n l"], Float[Array, "n c"]]:
        """Returns where a photo's points lie and how much of each label it shows already, float32, and a code of it."""
        features, kept = source, {}
        most = 4 * self.width
        for level in range(1, num_levels(self.image_size) + 1):
            width = channels(level, self.width, most)
            features = self._activated(self._conv(width, f"down_{level}", self.kernel_size, stride=2)(features))
            if level > 1:
                features += self._activated(self._conv(width, f"block_{level}")(features))
            kept[level] = features
        code = nn.Dense(_CODE, dtype=self.dtype, name="code")(features.reshape(features.shape[0], -1))
        code = self._activated(code)
        # From here on every point knows of the whole face.
        whole = nn.Dense(math.prod(features.shape[1:]), dtype=self.dtype, name="whole")(code)
        features += whole.reshape(features.shape)
        for level in range(num_levels(self.image_size) - 1, 1, -1):
            doubled = jnp.repeat(jnp.repeat(features, 2, axis=1), 2, axis=2)
            width = channels(level, self.width, most)
            features = jnp.concatenate([doubled, kept[level]], axis=-1)
            features = self._activated(self._conv(width, f"up_{level}")(features))
            features += self._activated(self._conv(width, f"up_block_{level}")(features))
        zeros = nn.initializers.zeros
        place = layers.Conv(2, _KERNEL, dtype=self.dtype, kernel_init=zeros, name="place")(features)
        shown = nn.Dense(entries, dtype=self.dtype, kernel_init=zeros, name="shown")(code)
        return place.astype(jnp.float32) / _FINE, shown.astype(jnp.float32), code

    def _turned(self, entries: int) -> Float[Array, "l k"]:
        """Returns how much of the lips each label turns inwards and out of sight, as shares of `lips.parting`."""

        def start(_: jax.Array, shape: tuple[int, ...]) -> jax.Array:
            # A mask that is empty would not learn.
            return jnp.zeros(shape).at[:, :: lips.SHAPES].set(_TURNED * _WIDE)

        return self.param("turned", start, (entries, 2 * lips.SHAPES)) / _WIDE

    def _farther(self, code: Float[Array, "n c"]) -> Float[Array, "n k"]:
        """Returns how much farther apart lips are than what a photo shows of labels has them, as `lips.parting`."""
        zeros = nn.initializers.zeros
        read = nn.Dense(2 * lips.SHAPES, dtype=self.dtype, kernel_init=zeros, name="farther")(code)
        return read.astype(jnp.float32) / _WIDE

    def _conv(self, width: int, name: str, kernel_size: int | None = None, stride: int = 1) -> layers.Conv:
        return layers.Conv(width, kernel_size or _KERNEL, stride, dtype=self.dtype, name=name)

    def _activated(self, features: jax.Array) -> jax.Array:
        return nn.leaky_relu(features, self.leak)


class _Probe(NamedTuple):
    """Where the skin of each point was looked for, relative to the point, and how far that is from where it is fetched.

    Attributes:
      at: (x, y), in sides of the picture.
      off: what one iteration would add.
    """

    at: Float[Array, "n f f 2"]
    off: Float[Array, "n f f 2"]


def _farthest(flow: Float[Array, "n f f 2"]) -> Float[Array, "n f f 2"]:
    """Returns, for each point, the longest flow of all up to seven points away, down and across."""
    side = flow.shape[1]
    for reach in _REACHES:
        for axis in (1, 2):
            wide = jnp.pad(flow, [(reach, reach) if axis == k else (0, 0) for k in range(4)])
            for start in (0, 2 * reach):
                beside = jax.lax.slice_in_dim(wide, start, start + side, axis=axis)
                flow = jnp.where(_dot(beside, beside) > _dot(flow, flow), beside, flow)
    return flow


def _between(first: _Probe, last: _Probe) -> Float[Array, "n f f 2"]:
    """Returns where nothing would be off, were that to change evenly from one place to the other."""
    bend = last.off - first.off
    back = jnp.clip(_dot(last.off, bend) / jnp.maximum(_dot(bend, bend), _TINY), *_BACK)
    return (1 - back) * (last.at + last.off) + back * (first.at + first.off)


def _dot(one: Float[Array, "n f f 2"], other: Float[Array, "n f f 2"]) -> Float[Array, "n f f 1"]:
    return (one * other).sum(axis=-1, keepdims=True)


def _mixed(maps: Float[Array, "l h w c"], shares: Float[Array, "n l"]) -> Float[Array, "n h w c"]:
    return jnp.einsum("nl,lhwc->nhwc", shares, maps)


_CODE = 128  # numbers that a whole face is summed up in
_KERNEL = 3
# After the first two. In faces of the action units that move most, 99 of 100 pixels of 256 px pictures are then within
# a third of a pixel of where 300 small steps lead; with four plain iterations some were off by five pixels.
_ITERATIONS = 4
_REACHES = (1, 2, 4)  # points of the flow's grid, seven in all: a lid moves by six of 128
_BACK = (-1.0, 0.95)  # shares of the way to the first place; below 0 is beyond the last one
_TINY = 1e-8  # squared sides of the picture: places that are off by so little alike are the same
# Adam moves all parameters alike: what must become large is a multiple of one.
_STEEP, _BRIGHT = 16.0, 4.0
_WIDE = 4.0  # lips are apart by a tenth of a side or less
_TURNED = 1 / 512  # sides
_LEAST = 0.05  # of all labels together; less is what a photo was misread by, and its colours fade
_FINE = 32.0  # places are off by a thirtieth of a side or less; this takes them to the size of other features
