"""One training step of one device: a single forward pass, three losses, three pull-backs.

All it knows of the machine is the axis over which gradients, metrics and batch statistics are averaged.
"""

import zlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Float

from cdaae_jax import images
from cdaae_jax.config import Config
from cdaae_jax.data.pairs import Batch
from cdaae_jax.models import change
from cdaae_jax.models.generators import LATENT_STREAM
from cdaae_jax.models.registry import Networks
from cdaae_jax.state import NETWORKS, TrainState, Tree, make_schedule
from cdaae_jax.training import augmentation, losses

Metrics = dict[str, Float[Array, ""]]


def make_losses_fn(networks: Networks, config: Config, axis_name: str) -> Callable:
    """Returns the function from the three networks' parameters to their three losses.

    The returned function takes (params, batch_stats, step, batch), `params` a dict by network, and returns
    ((loss of each network, in the order of `NETWORKS`), (metrics, new batch statistics)). A term whose weight is 0 in
    the configuration is not computed at all, and a discriminator that no loss uses has loss 0 and so no gradient.
    """
    weights = config.loss
    reconstruct = losses.RECONSTRUCTION[weights.reconstruction]
    game = losses.ADVERSARIAL[weights.adversarial]

    def losses_fn(params: dict[str, Tree], batch_stats: dict[str, Tree], step: jax.Array, batch: Batch):
        photo, target, true, place = _pictures(batch, config, step, axis_name)
        source = change.shrink(photo, config.model.image_size)
        label = known_label(batch)
        # Only a variational generator uses this noise; each device draws its own.
        noise = jax.random.fold_in(stream(config.run.seed, LATENT_STREAM, step), lax.axis_index(axis_name))
        generated = networks.generator.apply(
            {"params": params["generator"]}, source, label, rngs={LATENT_STREAM: noise}
        )
        image = change.apply(generated.change, photo)
        reconstruction = reconstruct(image, target).mean()
        warm = step >= weights.warmup_steps
        generator_loss = reconstruction
        image_loss = latent_loss = jnp.zeros(())
        # Latents at the flat ends of their tanh get no gradient; a run with all of them there is lost.
        saturated = (jnp.abs(generated.latent) > 0.99).mean(dtype=jnp.float32)
        metrics = {"reconstruction": reconstruction, "latent_saturated": saturated}
        new_stats = dict(batch_stats)
        for level, difference in generated.differences.items():
            metrics[f"difference_{level}"] = jnp.abs(difference.astype(jnp.float32)).mean()
        if generated.divergence is not None:
            divergence = generated.divergence.mean()
            generator_loss += weights.divergence_weight * divergence
            metrics["divergence"] = divergence

        def judge(name: str, network, *inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
            """Runs a discriminator once over real and generated samples together and returns the logits of each."""
            logits, updated = network.apply(
                {"params": params[name], "batch_stats": batch_stats[name]}, *inputs, train=True, mutable=["batch_stats"]
            )
            new_stats[name] = updated.get("batch_stats", {})
            real, fake = jnp.split(logits, 2)
            return real, fake

        def play(name: str, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
            """Returns the discriminator's and the generator's loss, and logs how often the discriminator is right."""
            metrics[f"{name}/real_right"] = (real > 0).mean(dtype=jnp.float32)
            metrics[f"{name}/fake_right"] = (fake <= 0).mean(dtype=jnp.float32)
            return (game.real(real).mean() + game.fake(fake).mean()) / 2, game.generator(fake).mean()

        if weights.image_weight > 0:
            pictures = critic_view(jnp.concatenate([target, image]), config.model.image_size, weights.critic_sees)
            real, fake = judge(
                "image_discriminator", networks.image_discriminator, pictures, jnp.concatenate([label, label])
            )
            image_loss, fooling = play("image_discriminator", real, fake)
            generator_loss += jnp.where(warm, weights.image_weight, 0.0) * fooling
            metrics |= {"adversarial_image": fooling, "image_discriminator/loss": image_loss}
        if weights.latent_weight > 0:
            prior = _prior(config.run.seed, step, generated.latent.shape, axis_name)
            latents = jnp.concatenate([prior, generated.latent])
            real, fake = judge("latent_discriminator", networks.latent_discriminator, latents)
            latent_loss, fooling = play("latent_discriminator", real, fake)
            generator_loss += jnp.where(warm, weights.latent_weight, 0.0) * fooling
            metrics |= {"adversarial_latent": fooling, "latent_discriminator/loss": latent_loss}
        if weights.total_variation_weight > 0:
            variation = losses.total_variation(image)
            generator_loss += weights.total_variation_weight * variation
            metrics["total_variation"] = variation
        if weights.pyramid_weight > 0:
            octaves = losses.pyramid(image, target, reconstruct)
            generator_loss += weights.pyramid_weight * octaves
            metrics["pyramid"] = octaves
        if true is not None:
            flow, painted, shade = true[..., :2], true[..., 2:3], true[..., 3:]
            known = jnp.asarray(batch["maps_known"])
            away = losses.maps(generated.change, flow, painted, known)
            inside = losses.within(reconstruct(image, target), change.enlarge(painted, *image.shape[1:3]), known)
            generator_loss += weights.maps_weight * away + weights.painted_weight * inside
            metrics |= {"maps": away, "painted": inside}
            if weights.shade_weight > 0 or weights.shade_edge_weight > 0:
                moved_from = change.shrink(photo, flow.shape[1])
                shading = losses.shading(generated.change, moved_from, flow, painted, shade, known, weights.shade_depth)
                generator_loss += weights.shade_weight * shading.level
                metrics["shading"] = shading.level
                if weights.shade_edge_weight > 0:  # else nobody asks for the edges, and XLA leaves them out
                    generator_loss += weights.shade_edge_weight * shading.edges
                    metrics["shading_edges"] = shading.edges
        if place is not None:
            away = losses.places(generated.place, place, jnp.asarray(batch["place_known"]))
            generator_loss += weights.place_weight * away
            metrics["place"] = away
        if weights.shown_weight > 0:
            certain = jnp.asarray(batch["shown_known"]) if "shown_known" in batch else None
            misread = losses.shown(generated.shown, jnp.asarray(batch["shown"]), certain)
            generator_loss += weights.shown_weight * misread
            metrics["shown"] = misread
        if weights.lips_weight > 0:
            misread = losses.lips(generated.lips, jnp.asarray(batch["lips"]), jnp.asarray(batch["lips_known"]))
            generator_loss += weights.lips_weight * misread
            metrics["lips"] = misread
        if weights.flow_weight > 0 and generated.change.flow is not None:
            rough = losses.roughness(generated.change.flow)
            generator_loss += weights.flow_weight * rough
            metrics["flow_roughness"] = rough
        if weights.mask_weight > 0 and generated.change.mask is not None:
            painted = generated.change.mask.mean()
            generator_loss += weights.mask_weight * painted
            metrics["mask"] = painted
        metrics["generator"] = generator_loss
        return (generator_loss, image_loss, latent_loss), (metrics, new_stats)

    return losses_fn


def known_label(batch: Batch) -> Float[Array, "n l"]:
    """Returns the labels as the networks see them: 0 where the data does not know them, whatever the batch says."""
    label = jnp.asarray(batch["label"])
    return jnp.where(jnp.asarray(batch["label_known"]), label, 0.0) if "label_known" in batch else label


def _pictures(
    batch: Batch, config: Config, step: jax.Array, axis_name: str
) -> tuple[
    Float[Array, "n s s 3"], Float[Array, "n s s 3"], Float[Array, "n g g 4"] | None, Float[Array, "n p p 2"] | None
]:
    """Returns source, target, true maps and true places as the networks see them, augmented as configured."""
    source, target = images.to_network(batch["source"]), images.to_network(batch["target"])
    maps = jnp.asarray(batch["maps"], jnp.float32) if "maps" in batch else None
    place = jnp.asarray(batch["place"], jnp.float32) if "place" in batch else None
    data = config.data
    if not (data.light or data.camera or data.misalignment or data.proportions):
        return source, target, maps, place
    keys = _keys(config.run.seed, "augmentation", step, len(source), axis_name)
    what = augmentation.draw(keys, data)
    source, target = (augmentation.change(pictures, what, keys, data) for pictures in (source, target))
    maps = None if maps is None else augmentation.change_maps(maps, what, data)
    place = None if place is None else augmentation.change_places(place, what, data)
    return source, target, maps, place


def make_gradients_fn(networks: Networks, config: Config, axis_name: str) -> Callable:
    """Returns the function from (state, batch) to (gradients by network, metrics, new batch statistics).

    Gradients and metrics are means over all devices. Each network's gradient is that of its own loss alone.
    """
    losses_fn = make_losses_fn(networks, config, axis_name)

    def gradients_fn(state: TrainState, batch: Batch) -> tuple[dict[str, Tree], Metrics, dict[str, Tree]]:
        primal, pull_back, (metrics, batch_stats) = jax.vjp(
            lambda params: losses_fn(params, state.batch_stats, state.step, batch), state.params, has_aux=True
        )
        gradients = {}
        for i, name in enumerate(NETWORKS):
            # The other networks' parts of a pull-back are not used, so the compiler leaves them out.
            selector = tuple(jnp.ones_like(loss) if i == k else jnp.zeros_like(loss) for k, loss in enumerate(primal))
            gradients[name] = pull_back(selector)[0][name]
        return *lax.pmean((gradients, metrics), axis_name), batch_stats

    return gradients_fn


def make_train_step(
    networks: Networks, optimizer: optax.GradientTransformation, config: Config, axis_name: str
) -> Callable[[TrainState, Batch], tuple[TrainState, Metrics]]:
    """Returns the step to be mapped over devices: all share the state, and the batch is split along `axis_name`.

    To the metrics it adds the learning rate of this step and, of each network, the norm of all its gradients together.
    """
    gradients_fn = make_gradients_fn(networks, config, axis_name)
    schedule = make_schedule(config.optim, config.run.steps)

    def train_step(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        gradients, metrics, batch_stats = gradients_fn(state, batch)
        # Adam has counted the steps as the state does.
        metrics["learning_rate"] = jnp.asarray(schedule(state.step), jnp.float32)
        params, opt_state = {}, {}
        for name in NETWORKS:
            norm = metrics[f"gradient_norm/{name}"] = optax.tree.norm(gradients[name])
            gradient = clip(gradients[name], norm, config.optim.clip_norm)
            updates, opt_state[name] = optimizer.update(gradient, state.opt_state[name], state.params[name])
            params[name] = optax.apply_updates(state.params[name], updates)
        ema = average(state.ema, params["generator"], state.step, config.optim.ema_decay)
        return TrainState(state.step + 1, params, batch_stats, opt_state, ema), metrics

    return train_step


def critic_view(pictures: Float[Array, "n s s 3"], size: int, sees: str) -> Float[Array, "n c c 3"]:
    """Returns what the image discriminator judges, `size` pixels high and wide, of pictures that are no smaller.

    "face" is the whole picture, shrunk; "mouth" a square around the mouth of aligned faces, as it is. Teeth are lost at
    the networks' size.
    """
    if sees == "face":
        return change.shrink(pictures, size)
    side = pictures.shape[1]
    left, top = (min(max(round(centre * side - size / 2), 0), side - size) for centre in MOUTH)
    return pictures[:, top : top + size, left : left + size]


MOUTH = (0.5, 0.73)  # (x, y) of the mouth's centre in an aligned picture (`data.alignment`), in sides


def clip(gradient: Tree, norm: Float[Array, ""], largest: float) -> Tree:
    """Returns a gradient scaled down to the norm `largest`, where its own is larger; 0 returns it as it is.

    A single unlucky batch can otherwise throw a run back by thousands of steps.
    """
    if not largest:
        return gradient
    scale = jnp.minimum(1.0, largest / jnp.maximum(norm, 1e-12))
    return jax.tree.map(lambda leaf: leaf * scale, gradient)


def average(ema: Tree, params: Tree, step: jax.Array, decay: float) -> Tree:
    """Returns the running average after `step` earlier steps; with `decay` 0 it is the parameters themselves."""
    # Early averages would remember the initial noise, so the decay itself grows with the steps.
    kept = jnp.minimum(decay, (1.0 + step) / (10.0 + step))
    return jax.tree.map(lambda old, new: kept * old + (1.0 - kept) * new, ema, params)


def stream(seed: int, name: str, step: jax.Array) -> jax.Array:
    """Returns the random key for one purpose at one step; the state holds no key that could be lost."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), zlib.crc32(name.encode())), step)


def _keys(seed: int, name: str, step: jax.Array, count: int, axis_name: str) -> jax.Array:
    """Returns a key for each pair that depends on the device only through the pair's place in the global batch."""
    first = lax.axis_index(axis_name) * count
    return jax.vmap(jax.random.fold_in, (None, 0))(stream(seed, name, step), first + jnp.arange(count))


def _prior(seed: int, step: jax.Array, shape: tuple[int, int], axis_name: str) -> Float[Array, "n z"]:
    """Returns U(-1, 1) samples, see `_keys`."""
    keys = _keys(seed, "prior", step, shape[0], axis_name)
    return jax.vmap(lambda key: jax.random.uniform(key, shape[1:], minval=-1.0, maxval=1.0))(keys)
