"""Our `fit` against a hand-written `tf.function` loop with the same networks, and XLA against graph mode, in one run.

    python benchmarks/fit_step.py [--steps 20] [--rounds 7] [--presets vae_ffhq_64 ...]

Each round times both ways one after the other, so that both meet the same state of the machine; the table gives the
median, the least and the greatest of the rounds' ratios. The hand-written loops are what a user would write for the
one model: no players, no logs but the losses, the same optimizers, batches in memory.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

import keras_genzoo as genzoo
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.distributions import BernoulliLikelihood

BATCHES = {"vae_ffhq_64": 32, "vae_fashion_mnist_32": 128, "dcgan_ffhq_64_half": 32, "wgan_gp_ffhq_64_quarter": 32}
"""By preset, images of a player's turn."""


def vae_step(model: keras.Model) -> Callable:
    """The textbook step of a VAE."""
    optimizer = model.optimizer.players["autoencoder"]
    variables = model.encoder.trainable_variables + model.decoder.trainable_variables

    def step(x):
        with tf.GradientTape() as tape:
            mean, log_var = tf.split(model.encoder(x, training=True), 2, axis=-1)
            z = mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))
            decoded = model.decoder(z, training=True)
            if isinstance(model.pixel_distribution, BernoulliLikelihood):
                nats = tf.nn.sigmoid_cross_entropy_with_logits(0.5 * x + 0.5, decoded)
            else:
                nats = 0.5 * tf.square(x - decoded) / model.pixel_distribution.scale**2
            kl = 0.5 * tf.reduce_sum(tf.square(mean) + tf.exp(log_var) - 1.0 - log_var, -1)
            loss = tf.reduce_mean(tf.reduce_sum(nats, (1, 2, 3))) + tf.reduce_mean(kl)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    return step


def dcgan_step(model: keras.Model) -> Callable:
    """The textbook step of a GAN, with an average of the generator."""
    optimizers = model.optimizer.players
    discriminator, generator = model.discriminator, model.generator

    def step(x):
        fake = generator(tf.random.normal((len(x), model.latent_dim)), training=True)
        with tf.GradientTape() as tape:
            real_loss = tf.reduce_mean(tf.nn.softplus(-discriminator(x, training=True)))
            loss = real_loss + tf.reduce_mean(tf.nn.softplus(discriminator(fake, training=True)))
        variables = discriminator.trainable_variables
        optimizers["discriminator"].apply(tape.gradient(loss, variables), variables)
        with tf.GradientTape() as tape:
            fake = generator(tf.random.normal((len(x), model.latent_dim)), training=True)
            generator_loss = tf.reduce_mean(tf.nn.softplus(-discriminator(fake, training=True)))
        variables = generator.trainable_variables
        optimizers["generator"].apply(tape.gradient(generator_loss, variables), variables)
        for average, weight in zip(model.ema.weights, generator.weights, strict=True):
            average.assign(0.995 * average + 0.005 * weight)
        return loss, generator_loss

    return step


def wgan_gp_step(model: keras.Model) -> Callable:
    """The textbook step of WGAN-GP: five critic turns on images of their own, then the generator's."""
    optimizers = model.optimizer.players
    critic, generator = model.critic, model.generator

    def step(x):
        batch = len(x) // model.critic_steps
        for turn in range(model.critic_steps):
            real = x[turn * batch : (turn + 1) * batch]
            fake = generator(tf.random.normal((batch, model.latent_dim)), training=True)
            with tf.GradientTape() as tape:
                alpha = tf.random.uniform((batch, 1, 1, 1))
                interpolates = real + alpha * (fake - real)
                with tf.GradientTape() as inner:
                    inner.watch(interpolates)
                    score = tf.reduce_sum(critic(interpolates, training=True))
                norm = tf.sqrt(tf.reduce_sum(tf.square(inner.gradient(score, interpolates)), (1, 2, 3)) + 1e-12)
                loss = tf.reduce_mean(critic(fake, training=True)) - tf.reduce_mean(critic(real, training=True))
                loss += model.penalty_weight * tf.reduce_mean(tf.square(norm - 1.0))
            variables = critic.trainable_variables
            optimizers["critic"].apply(tape.gradient(loss, variables), variables)
        with tf.GradientTape() as tape:
            fake = generator(tf.random.normal((batch, model.latent_dim)), training=True)
            generator_loss = -tf.reduce_mean(critic(fake, training=True))
        variables = generator.trainable_variables
        optimizers["generator"].apply(tape.gradient(generator_loss, variables), variables)
        for average, weight in zip(model.ema.weights, generator.weights, strict=True):
            average.assign(0.99 * average + 0.01 * weight)
        return loss, generator_loss

    return step


STEPS = {"vae": vae_step, "dcgan": dcgan_step, "wgan_gp": wgan_gp_step}


def seconds(function: Callable) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def by_fit(model: keras.Model, images: np.ndarray, steps: int) -> Callable:
    """Trains for `steps` steps by our `fit`."""
    stream = Stream(ArraySource(images), BATCHES[model.name])
    return lambda: model.fit(stream, epochs=1, steps_per_epoch=steps, verbose=0)


def by_hand(model: keras.Model, images: np.ndarray, steps: int) -> Callable:
    """Trains for `steps` steps by a hand-written loop over a tf.data pipeline."""
    step = tf.function(STEPS[genzoo.load_preset(model.name)["model"]](model))
    data = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images), seed=0).repeat()
    options = tf.data.Options()
    options.autotune.enabled = False
    data = iter(data.batch(model.turns * BATCHES[model.name], drop_remainder=True).prefetch(2).with_options(options))

    def run():
        for _ in range(steps):
            result = step(next(data))
        return np.asarray(tf.nest.flatten(result)[0])

    return run


def compare(first: Callable, second: Callable, rounds: int) -> tuple[list[float], float]:
    """Ratios first / second of each round, and the median seconds of the second."""
    first(), second()  # compile
    pairs = [(seconds(first), seconds(second)) for _ in range(rounds)]
    return [a / b for a, b in pairs], statistics.median(b for _, b in pairs)


def main() -> None:
    """Prints the two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--presets", nargs="+", choices=list(BATCHES), default=list(BATCHES))
    args = parser.parse_args()
    print("| preset, batch | ratio | median | least | greatest | steps/s of the second |")
    print("| --- | --- | --- | --- | --- | --- |")
    for preset in args.presets:
        shape = genzoo.load_preset(preset)["arguments"]["image_shape"]
        images = np.random.default_rng(0).uniform(-1, 1, (1000, *shape)).astype("float32")

        def build(jit: bool, preset: str = preset) -> keras.Model:
            return genzoo.build(preset, seed=0, jit_compile=jit, name=preset)

        def row(title: str, first: Callable, second: Callable, preset: str = preset) -> None:
            ratios, base = compare(first, second, args.rounds)
            figures = " | ".join(f"{value:.3f}" for value in (statistics.median(ratios), min(ratios), max(ratios)))
            print(f"| {preset}, {BATCHES[preset]} | {title} | {figures} | {args.steps / base:.2f} |")

        graph = by_fit(build(False), images, args.steps)
        row("fit / hand-written loop", graph, by_hand(build(False), images, args.steps))
        row("fit with XLA / fit in graph mode", by_fit(build(True), images, args.steps), graph)


if __name__ == "__main__":
    main()
