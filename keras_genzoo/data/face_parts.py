"""The parts of a drawn face from back to front, and what is drawn in place of a face.

Each part paints one thing on all the pictures of a canvas; `KINDS` says which parts make which picture.
"""

from collections.abc import Callable

import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.data.drawing import Array, Canvas, arc, box, circle, ellipse, glow, smooth_union, triangle, wave
from keras_genzoo.data.face_styles import Face

WHITE, BLACK, FRAME = (1.0, 1.0, 1.0), (0.05, 0.04, 0.06), (0.2, 0.16, 0.2)
ROSY = np.array([[1.0], [0.64], [0.62]], "float32")  # what blood and shadow make of the skin's color
SHADED = np.array([[0.78], [0.66], [0.62]], "float32")
LIPS, BROWN = np.array([[[0.42], [0.12], [0.15]], [[0.10], [0.05], [0.02]]], "float32")  # added to skin and hair

Part = Callable[[Canvas, Face], None]


def canvas_for(face: Face, size: int, kind: type[Canvas] = Canvas) -> Canvas:
    """An empty canvas of a kind for these faces, which frames head and shoulders."""
    return kind(len(face.smile), size, middle=(0.0, -0.02), reach=0.89)


def draw_background(canvas: Canvas, face: Face) -> None:
    """A gradient, lighter behind the head."""
    down = (canvas.y + 1) / 2
    everywhere = np.ones(1, "float32")
    canvas.blend(
        everywhere, [above + (below - above) * down for above, below in zip(face.above, face.below, strict=True)]
    )
    canvas.blend(glow(canvas.x, canvas.y, 1.0, 1.0) * 0.35, WHITE)


def hair_shape(canvas: Canvas, face: Face) -> Array:
    """Distance to all the hair, as if from behind."""
    style, x, y = face.style, canvas.x + 0.08 * face.turn, canvas.y + 0.06
    dome = ellipse(x, y, 0.46 * face.width + style.volume, 0.50 + style.volume)
    half = (style.length + 0.15) / 2
    sides = box(x, canvas.y + 0.15 - half, style.width * face.width, half, 0.12)
    shape = smooth_union(dome, sides, 0.15)
    shape = np.maximum(shape, canvas.y - np.maximum(style.length, 0.15))
    curl_x, curl_y = wave(x * 3.2 + 0.5), wave(y * 3.2 - 0.2)
    shape += style.curls * (curl_x * curl_x + curl_y * curl_y - 0.8)
    shape += style.spikes * (wave(x * 4.2 + y * 0.8) - 0.85 + 1.5 * x * x) * np.clip(-3 * y - 0.5, 0, 1)
    under_hat = face.hat.brim - canvas.y + 2 * (face.hat.present - 1)
    return np.maximum(shape, under_hat)


def draw_hair_behind(canvas: Canvas, face: Face) -> None:
    """The bun, and all the hair; what follows covers most of it."""
    radius = face.style.bun * (1 - face.hat.present)
    bun = canvas.window(-0.08 * face.turn, -0.63, radius, radius)
    shade = 0.85 + 0.4 * glow(bun.x + 0.05, bun.y + 0.06, 0.14, 0.12)
    bun.paint(circle(bun.x, bun.y, radius), face.hair, np.sign(radius), shade)
    nape = glow(canvas.x, canvas.y - 0.5, 0.55, 0.6)
    canvas.paint(hair_shape(canvas, face), face.hair, face.style.present, shade=0.95 - 0.45 * nape)


def draw_body(canvas: Canvas, face: Face) -> None:
    """Shoulders, collar and neck, with the shadow of the chin."""
    torso = canvas.window(0.0, 1.13, 0.9, 0.48)
    torso.paint(ellipse(torso.x, torso.y, 0.9, 0.48), face.shirt, shade=1.06 - 0.25 * torso.x * torso.x)
    neck = canvas.window(0.0, 0.6, 0.32, 0.3)
    throat = smooth_union(box(neck.x, neck.y, 0.18, 0.2), ellipse(neck.x, neck.y - 0.12, 0.25, 0.11), 0.1)
    neck.paint(throat - 0.04, face.shirt * 0.82, np.clip(neck.y * 20 - 1.2, 0, 1))
    neck.paint(throat, face.skin * 0.93)
    inside = np.clip(throat * -25, 0, 1)
    neck.blend(inside * glow(neck.x - 0.1 * face.turn, neck.y + 0.06, 0.4, 0.26), face.skin * 0.62)


def draw_ears(canvas: Canvas, face: Face) -> None:
    """Two ears; the one that the head turns away from the viewer hides behind it."""
    for side in (-1, 1):
        ear = canvas.window(face.across(0.46 * side, -0.1), 0.08, 0.085, 0.125)
        ear.paint(ellipse(ear.x, ear.y, 0.085, 0.125), face.skin * 0.92)
        ear.paint(ellipse(ear.x, ear.y, 0.045, 0.075), face.skin * 0.75)


def draw_head(canvas: Canvas, face: Face) -> None:
    """Skull and jaw, lit from the left, and the shine of a bald head."""
    head = canvas.window(0.0, 0.04, 0.54, 0.62)
    skull = ellipse(head.x, head.y + 0.1, 0.46 * face.width, 0.50)
    jaw = ellipse(head.x - 0.07 * face.turn, head.y - 0.21, 0.37 * face.width, 0.39)
    shape = smooth_union(skull, jaw, 0.12)
    rim = np.clip(1 + shape * 5, 0, 1)
    head.paint(shape, face.skin, shade=1.03 - 0.14 * rim * rim - 0.10 * head.x)
    shine = canvas.window(0.1 * face.turn - 0.12, -0.36, 0.16, 0.11)
    shine.blend(0.4 * glow(shine.x, shine.y, 0.16, 0.11), WHITE)


def draw_cheeks(canvas: Canvas, face: Face) -> None:
    """Cheeks that redden with a smile."""
    for side in (-1, 1):
        cheek = canvas.window(face.across(0.24 * side, 0.12), 0.26, 0.15, 0.13)
        cheek.blend(glow(cheek.x, cheek.y, 0.15, 0.13) * (0.32 + 0.2 * face.smile), face.skin * ROSY)


def draw_eyes(canvas: Canvas, face: Face) -> None:
    """Lashes, white, iris, pupil and the light in it."""
    for side in (-1, 1):
        width = 0.13 * (1 - 0.35 * side * face.turn)
        eye = canvas.window(face.across(0.2 * side, 0.2), 0.06, width + 0.03, 0.14)
        white = ellipse(eye.x, eye.y, width, 0.105 - 0.015 * face.smile)
        eye.paint(white - eye.line(0.03), face.skin * 0.4, np.clip(0.5 - eye.y * 10, 0, 1))
        eye.paint(white, (0.98, 0.98, 0.97))
        inside, x = eye.cover(white), eye.x - 0.04 * face.turn
        eye.paint(circle(x, eye.y, 0.087), face.iris, inside, shade=1.0 + 3.5 * eye.y)
        eye.paint(circle(x, eye.y, 0.038), BLACK, inside)
        eye.paint(circle(x + 0.03, eye.y + 0.035, 0.022), WHITE)


def draw_brows(canvas: Canvas, face: Face) -> None:
    """Brows that rise with a smile, and slant with sorrow."""
    for side in (-1, 1):
        brow = canvas.window(face.across(0.21 * side, 0.2), -0.13 - 0.02 * face.smile, 0.15, 0.12)
        sorrow = 0.3 * side * np.minimum(face.smile, 0)
        stroke = arc(brow.x, brow.y + brow.x * sorrow, 0.135, -0.05, brow.line(0.05))
        brow.paint(stroke, face.hair * 0.45 + BROWN)


def draw_nose(canvas: Canvas, face: Face) -> None:
    """A shadow below the tip and light along the bridge."""
    nose = canvas.window(face.across(0.0, 0.32), 0.22, 0.09, 0.2)
    nose.blend(0.8 * glow(nose.x, nose.y, 0.09, 0.06), face.skin * SHADED)
    nose.blend(0.5 * glow(nose.x + 0.02, nose.y + 0.07, 0.045, 0.13), np.minimum(face.skin * 1.25, 1))


def draw_mouth(canvas: Canvas, face: Face) -> None:
    """A mouth whose corners follow the smile, open in a laugh."""
    width, rise = 0.17 + 0.04 * np.maximum(face.smile, 0), 0.11 * face.smile
    laugh = 0.09 * np.maximum(face.smile - 0.2, 0)
    mouth = canvas.window(face.across(0.0, 0.2), 0.42 + 0.5 * rise, width + 0.03, 0.15)
    t = mouth.x / width
    teeth = arc(mouth.x, mouth.y, width, rise, 0.0) - laugh * np.maximum(1 - t * t, 0)
    mouth.paint(teeth - mouth.line(0.05), face.skin * 0.4 + LIPS)
    mouth.paint(teeth, (0.99, 0.98, 0.95), np.minimum(laugh * 50, 1))


def draw_hair_in_front(canvas: Canvas, face: Face) -> None:
    """Hair on the forehead and beside the face, its shadow and its shine."""
    style, x, y = face.style, canvas.x - 0.13 * face.turn, canvas.y
    forehead = ellipse(x - style.parting, y - style.hairline - 0.62, 0.41 * face.width, 0.62)
    opening = smooth_union(forehead, box(x, y - 0.6, 0.40 * face.width, 0.62, 0.3), 0.08)
    shape = np.maximum(np.maximum(hair_shape(canvas, face), -opening), y - style.locks)
    shadow = np.maximum(shape - 0.04, opening)
    canvas.paint(shadow, face.skin * 0.25, 0.28 * style.present * np.clip(0.5 - 4 * y, 0, 1))
    canvas.paint(shape, face.hair, style.present)
    canvas.paint(shape, WHITE, 0.25 * style.present * glow(x + 0.16, y + 0.44, 0.36, 0.14))


def draw_hat(canvas: Canvas, face: Face) -> None:
    """Pompom, crown, ribbon, badge and brim; each hat has some of them."""
    hat, middle = face.hat, -0.04 * face.turn
    pompom = canvas.window(middle, hat.top, hat.pompom, hat.pompom)
    pompom.paint(circle(pompom.x, pompom.y, hat.pompom), face.trim, np.sign(hat.pompom))

    height, width = hat.brim - hat.top, hat.width * face.width
    crown = canvas.window(middle, hat.brim, width, height)
    half = height / 2 + 0.1  # the lower end is cut off straight
    shape = np.maximum(box(crown.x, crown.y + height - half, width, half, hat.corner), crown.y)
    shade = 1.06 - 0.9 * crown.x * crown.x
    crown.paint(shape, face.felt, hat.present, shade)
    crown.paint(np.maximum(shape, -hat.ribbon - crown.y), face.trim, np.sign(hat.ribbon), shade)
    badge = circle(crown.x - 0.35 * face.turn, crown.y + 0.22, hat.badge)
    crown.paint(np.maximum(shape, badge), face.trim, np.sign(hat.badge))

    width, height = hat.brim_width * face.width, hat.brim_height
    brim = canvas.window(middle + hat.visor * face.turn, hat.brim, width, height)
    brim.paint(box(brim.x, brim.y, width, height, height), face.felt, hat.present, shade=0.8 - 1.5 * brim.y)


def draw_glasses(canvas: Canvas, face: Face) -> None:
    """Two lenses and the bridge between them."""
    for side in (-1, 1):
        width = 0.185 * (1 - 0.35 * side * face.turn)
        lens = canvas.window(face.across(0.205 * side, 0.22), 0.07, width + 0.02, 0.18)
        shape = box(lens.x, lens.y, width, 0.16, 0.1)
        lens.paint(shape, (0.85, 0.93, 1.0), 0.2 * face.glasses)
        lens.paint(np.abs(shape) - lens.line(0.035), FRAME, 0.85 * face.glasses)
    bridge = canvas.window(face.across(0.0, 0.26), 0.04, 0.05, 0.05)
    bridge.paint(arc(bridge.x, bridge.y, 0.05, -0.02, bridge.line(0.03)), FRAME, face.glasses)


def turn_over(canvas: Canvas, face: Face) -> None:
    """Turns the finished picture upside down."""
    canvas.pixels[:] = canvas.pixels[:, ::-1].copy()


def draw_cat(canvas: Canvas, face: Face) -> None:
    """A cat, with the hair's color as its fur."""
    fur, head = face.hair, ellipse(canvas.x, canvas.y - 0.14, 0.54 * face.width, 0.46)
    canvas.paint(ellipse(canvas.x, canvas.y - 1.1, 0.62, 0.62), fur * 0.8)
    for side in (-1, 1):
        ear = canvas.window(face.across(0.33 * side, 0.0) + 0.06 * side, -0.08, 0.19, 0.5)
        ear.paint(triangle(ear.x, ear.y, 0.19, 0.5), fur * 0.9)
        ear.paint(triangle(ear.x, ear.y + 0.08, 0.11, 0.3), (0.93, 0.62, 0.62))
    canvas.paint(head, fur, shade=1.05 - 0.12 * canvas.x)
    stripes = (wave((canvas.x - 0.2 * face.turn) * 5 + 0.5) - 0.4) / 10
    canvas.paint(np.maximum(np.maximum(head, stripes), canvas.y + 0.12), fur * 0.7)
    for side in (-1, 1):
        eye = canvas.window(face.across(0.24 * side, 0.2), 0.06, 0.12, 0.12)
        eye.paint(circle(eye.x, eye.y, 0.12), face.iris, shade=1.25 + eye.y)
        eye.paint(ellipse(eye.x, eye.y, 0.035, 0.1), BLACK)
        eye.paint(circle(eye.x + 0.03, eye.y + 0.04, 0.025), WHITE)
        lip = canvas.window(face.across(0.0, 0.3) + 0.1 * side, 0.36, 0.14, 0.11)
        lip.paint(ellipse(lip.x, lip.y, 0.14, 0.11), np.minimum(fur * 0.4 + 0.62, 1))
        beard = canvas.window(face.across(0.0, 0.3) + 0.42 * side, 0.34, 0.26, 0.15)
        for slant in (-0.25, 0.0, 0.25):
            whisker = box(beard.x, beard.y - slant * (side * beard.x + 0.3), 0.26, beard.line(0.012))
            beard.paint(whisker, WHITE, 0.8)
    nose = canvas.window(face.across(0.0, 0.3), 0.28, 0.07, 0.08)
    nose.paint(triangle(nose.x, -nose.y, 0.07, 0.08), (0.85, 0.42, 0.45))


def draw_pattern(canvas: Canvas, face: Face) -> None:
    """Tartan, in the colors of the outfit."""
    canvas.blend(np.ones(1, "float32"), face.felt)
    for color, along in ((face.shirt, canvas.x + face.turn * canvas.y), (face.trim, canvas.y - face.turn * canvas.x)):
        canvas.paint((wave((along + face.smile) * 3) - 0.5) / 6, color, 0.6)


def draw_noise(canvas: Canvas, face: Face) -> None:
    """Squares of random colors, the same at any size: their numbers follow from the bits of the face's turn."""
    side = 32
    place = np.arange(canvas.pixels.shape[1]) * side // canvas.pixels.shape[1]
    bits = np.ascontiguousarray(face.turn, "float32").view("uint32")
    squares = counter_rng.uniform(0, bits, 3 * side * side).T.reshape(3, side, side, -1)
    canvas.pixels[:] = squares[:, place[:, None], place]


BEHIND: tuple[Part, ...] = (draw_background, draw_hair_behind, draw_body, draw_ears, draw_head)
FEATURES: tuple[Part, ...] = (draw_cheeks, draw_eyes, draw_brows, draw_nose, draw_mouth)
WORN: tuple[Part, ...] = (draw_hair_in_front, draw_hat, draw_glasses)
KINDS: dict[str, tuple[Part, ...]] = {
    "face": (*BEHIND, *FEATURES, *WORN),
    "upside down": (*BEHIND, *FEATURES, *WORN, turn_over),
    "faceless": (*BEHIND, *WORN),
    "cat": (draw_background, draw_cat),
    "pattern": (draw_pattern,),
    "noise": (draw_noise,),
}
"""The parts of each kind of picture; all but the first are outliers."""
