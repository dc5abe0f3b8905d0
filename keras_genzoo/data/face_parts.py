"""What a drawn face is made of: tables of looks, then the parts of the face from back to front.

Styles are rows of numbers, so that each part is one formula for the whole batch, whatever hair or hat each face wears.
Lengths are in half pictures: the picture runs from -1 to 1 both ways, y down.
"""

from typing import NamedTuple

import numpy as np

from keras_genzoo import noise
from keras_genzoo.data.drawing import (
    Array,
    Canvas,
    arc,
    box,
    circle,
    ellipse,
    glow,
    smooth_union,
    triangle,
    wave,
)


class Hair(NamedTuple):
    """A way to wear one's hair."""

    present: float  # 0 is bald
    volume: float  # how far it stands off the skull
    length: float  # y where the hair at the sides ends
    width: float  # half the width of the hair at the sides
    hairline: float  # y where the forehead begins
    parting: float  # x of the hairline's highest point
    locks: float  # y down to which it frames the face
    curls: float  # height of the curls along the outline
    spikes: float  # height of the spikes
    bun: float  # radius of the bun


HAIR_STYLES = {
    "bald": Hair(0, 0.00, 0.00, 0.30, -0.30, 0.00, 0.0, 0.00, 0.00, 0.00),
    "short": Hair(1, 0.06, -0.02, 0.30, -0.29, 0.09, 0.0, 0.00, 0.00, 0.00),
    "spiky": Hair(1, 0.04, -0.06, 0.30, -0.30, 0.00, -0.05, 0.00, 0.22, 0.00),
    "curly": Hair(1, 0.19, 0.42, 0.50, -0.22, 0.00, 0.25, 0.07, 0.00, 0.00),
    "bob": Hair(1, 0.09, 0.48, 0.56, -0.18, 0.00, 0.44, 0.00, 0.00, 0.00),
    "long": Hair(1, 0.08, 1.10, 0.60, -0.34, -0.16, 0.9, 0.00, 0.00, 0.00),
    "bun": Hair(1, 0.03, 0.00, 0.30, -0.34, 0.00, -0.02, 0.00, 0.00, 0.18),
}


class Hat(NamedTuple):
    """A hat."""

    present: float  # 0 is none
    width: float  # half the crown's width
    top: float  # y of the crown's top
    corner: float  # how round the crown is
    brim_width: float  # half the width of the brim
    brim_height: float  # half its height
    turn: float  # how far the brim moves when the head turns
    ribbon: float  # height of the ribbon above the brim
    pompom: float  # radius
    badge: float  # radius
    brim: float  # y of the brim


HATS = {
    "none": Hat(0, 0.50, -0.70, 0.40, 0.50, 0.05, 0.00, 0.00, 0.00, 0.00, -0.27),
    "cap": Hat(1, 0.50, -0.72, 0.44, 0.42, 0.08, 0.45, 0.00, 0.04, 0.11, -0.24),
    "beanie": Hat(1, 0.50, -0.72, 0.46, 0.54, 0.09, 0.00, 0.00, 0.12, 0.00, -0.27),
    "top hat": Hat(1, 0.40, -0.86, 0.05, 0.70, 0.05, 0.00, 0.13, 0.00, 0.00, -0.27),
}

HAIR_COLORS = {
    "black": ("2b2430",),
    "brown": ("5b3826",),
    "chestnut": ("8d5030",),
    "ginger": ("cf6a2c",),
    "blond": ("eac46c",),
    "silver": ("c3c1c9",),
    "pink": ("e27fa0",),
}
EYE_COLORS = {"brown": ("6a3d1f",), "amber": ("b9812b",), "green": ("3f8f52",), "blue": ("3b80cc",)}
BACKGROUNDS = {  # top and bottom of the gradient
    "sky": ("8ec9f0", "e4f4fb"),
    "mint": ("86d3b4", "e6f7e6"),
    "peach": ("f7b191", "fdeadb"),
    "lavender": ("b3a2e6", "efe6fb"),
    "sand": ("dcbf86", "f8eed5"),
    "rose": ("ee9db4", "fde7ea"),
    "slate": ("5f7387", "b7c5d0"),
    "dusk": ("3d3a6b", "d98e8a"),
}
OUTFITS = {  # shirt, hat, and what adorns the hat
    "navy": ("2f4470", "c8443c", "f3ead8"),
    "coral": ("e8705f", "34585f", "f0c05a"),
    "forest": ("3f7d58", "d9a53f", "5a3a2a"),
    "plum": ("75477f", "3c3a52", "d86a8a"),
    "mustard": ("dfa535", "2f5d8c", "f5efe0"),
    "cream": ("f1e6d2", "7c4a3a", "e8b9a0"),
}
SKIN = ("ffe2cf", "f6cba8", "e3a878", "bf8050", "8f5a38", "5f3a27")  # from light to dark
WHITE, BLACK, FRAME = (1.0, 1.0, 1.0), (0.05, 0.04, 0.06), (0.2, 0.16, 0.2)
ROSY, SHADED = np.float32([[1.0], [0.64], [0.62]]), np.float32([[0.78], [0.66], [0.62]])  # factors of the skin's color
LIPS = np.float32([[0.42], [0.12], [0.15]])


def palette(table: dict[str, tuple[str, ...]]) -> Array:
    """Colors written as "rrggbb": float32 of shape (colors of an entry, 3, entries) in [0, 1]."""
    levels = [[list(bytes.fromhex(color)) for color in colors] for colors in table.values()]
    return (np.array(levels, "float32") / 255).transpose(1, 2, 0)


class Face:
    """n faces as their parts need them: what follows from the factors, each of shape (n,) or, colors, (3, n).

    Args:
        values: dictionary of the factors by name, each float32 of shape (n,).
    """

    def __init__(self, values: dict[str, Array]):
        index = {name: value.astype(int) for name, value in values.items()}
        tones = palette({"skin": SKIN})[:, :, 0].T
        tone = values["skin_tone"] * (len(SKIN) - 1)
        lighter = np.minimum(tone.astype(int), len(SKIN) - 2)
        self.skin = tones[:, lighter] + (tones[:, lighter + 1] - tones[:, lighter]) * (tone - lighter).astype("float32")
        (self.hair,) = palette(HAIR_COLORS)[..., index["hair_color"]]
        (self.iris,) = palette(EYE_COLORS)[..., index["eye_color"]]
        self.above, self.below = palette(BACKGROUNDS)[..., index["background"]]
        self.shirt, self.felt, self.trim = palette(OUTFITS)[..., index["outfit"]]
        self.style = Hair(*np.array(list(HAIR_STYLES.values()), "float32")[index["hair_style"]].T)
        self.hat = Hat(*np.array(list(HATS.values()), "float32")[index["hat"]].T)
        self.glasses, self.smile = values["glasses"], values["smile"]
        self.width = 0.92 + 0.16 * values["face_width"]
        yaw = values["yaw"] * np.float32(np.pi / 180)
        self.turn = yaw * (1 - yaw * yaw / 6)  # sine and cosine by their series, as those of NumPy depend on the CPU
        self.toward = 1 - yaw * yaw / 2

    def across(self, lateral: float, depth: float) -> Array:
        """x of a point on the head, `lateral` from its middle and `depth` in front of its axis."""
        return self.width * (lateral * self.toward + depth * self.turn)


def draw_background(canvas: Canvas, face: Face) -> None:
    down = (canvas.y + 1) / 2
    for channel, above, below in zip(canvas.pixels, face.above, face.below, strict=True):
        channel[:] = above + (below - above) * down
    canvas.blend(glow(canvas.x, canvas.y, 1.0, 1.0) * 0.35, WHITE)


def hair_shape(canvas: Canvas, face: Face) -> Array:
    """Distance to all the hair, as seen from behind."""
    style, x, y = face.style, canvas.x + 0.08 * face.turn, canvas.y + 0.06
    dome = ellipse(x, y, 0.46 * face.width + style.volume, 0.50 + style.volume)
    half = (style.length + 0.15) / 2
    sides = box(x, canvas.y + 0.15 - half, style.width * face.width, half, 0.12)
    shape = smooth_union(dome, sides, 0.15)
    shape = np.maximum(shape, canvas.y - np.maximum(style.length, 0.15))
    curl_x, curl_y = wave(x * 3.2), wave(y * 3.2 - 0.2)
    shape += style.curls * (curl_x * curl_x + curl_y * curl_y - 0.8)
    shape += style.spikes * (wave(x * 4.2 + y * 0.8) - 0.85 + 1.5 * x * x) * np.clip(-3 * y - 0.5, 0, 1)
    under_hat = face.hat.brim - canvas.y + 2 * (face.hat.present - 1)
    return np.maximum(shape, under_hat)


def draw_hair_behind(canvas: Canvas, face: Face) -> None:
    radius = face.style.bun * (1 - face.hat.present)
    middle = -0.08 * face.turn
    bun = canvas.around(middle, -0.63, radius, radius)
    x, y = bun.x - middle, bun.y + 0.63
    bun.paint(circle(x, y, radius), face.hair, np.sign(radius), shade=0.85 + 0.4 * glow(x + 0.05, y + 0.06, 0.14, 0.12))
    nape = glow(canvas.x, canvas.y - 0.5, 0.55, 0.6)
    canvas.paint(hair_shape(canvas, face), face.hair, face.style.present, shade=0.95 - 0.45 * nape)


def draw_body(canvas: Canvas, face: Face) -> None:
    torso = canvas.around(0.0, 1.13, 0.9, 0.5)
    torso.paint(ellipse(torso.x, torso.y - 1.13, 0.9, 0.48), face.shirt, shade=1.06 - 0.25 * torso.x * torso.x)
    neck = canvas.around(0.0, 0.66, 0.32, 0.3)
    throat = smooth_union(box(neck.x, neck.y - 0.56, 0.18, 0.24), ellipse(neck.x, neck.y - 0.72, 0.25, 0.11), 0.1)
    neck.paint(throat - 0.04, face.shirt * 0.82, np.clip((neck.y - 0.66) * 20, 0, 1))
    neck.paint(throat, face.skin * 0.93)
    inside = np.clip(throat * -25, 0, 1)
    neck.blend(inside * glow(neck.x - 0.1 * face.turn, neck.y - 0.54, 0.4, 0.26), face.skin * 0.62)


def draw_ears(canvas: Canvas, face: Face) -> None:
    for side in (-1, 1):
        middle = face.across(0.46 * side, -0.1)
        ear = canvas.around(middle, 0.08, 0.09, 0.13)
        x, y = ear.x - middle, ear.y - 0.08
        ear.paint(ellipse(x, y, 0.085, 0.125), face.skin * 0.92)
        ear.paint(ellipse(x, y, 0.045, 0.075), face.skin * 0.75)


def draw_head(canvas: Canvas, face: Face) -> None:
    head = canvas.around(0.0, 0.04, 0.54, 0.62)
    cranium = ellipse(head.x, head.y + 0.06, 0.46 * face.width, 0.50)
    jaw = ellipse(head.x - 0.07 * face.turn, head.y - 0.25, 0.355 * face.width, 0.39)
    shape = smooth_union(cranium, jaw, 0.12)
    rim = np.clip(1 + shape * 5, 0, 1)
    head.paint(shape, face.skin, shade=1.03 - 0.14 * rim * rim - 0.10 * head.x)
    top = canvas.around(0.1 * face.turn - 0.12, -0.36, 0.16, 0.11)
    top.blend(glow(top.x + 0.12 - 0.1 * face.turn, top.y + 0.36, 0.16, 0.11) * 0.4, WHITE)


def draw_cheeks(canvas: Canvas, face: Face) -> None:
    for side in (-1, 1):
        middle = face.across(0.24 * side, 0.12)
        cheek = canvas.around(middle, 0.26, 0.15, 0.13)
        blush = glow(cheek.x - middle, cheek.y - 0.26, 0.15, 0.13) * (0.32 + 0.2 * face.smile)
        cheek.blend(blush, face.skin * ROSY)


def draw_eyes(canvas: Canvas, face: Face) -> None:
    for side in (-1, 1):
        middle = face.across(0.2 * side, 0.2)
        width = 0.13 * (1 - 0.35 * side * face.turn)
        eye = canvas.around(middle, 0.06, width, 0.15)
        x, y = eye.x - middle, eye.y - 0.06
        white = ellipse(x, y, width, 0.105 - 0.015 * face.smile)
        eye.paint(white - eye.line(0.03), face.skin * 0.4, np.clip(0.5 - y * 10, 0, 1))
        eye.paint(white, (0.98, 0.98, 0.97))
        inside = np.clip(0.5 - white / eye.pixel, 0, 1)
        x = x - 0.04 * face.turn
        eye.paint(circle(x, y, 0.087), face.iris, inside, shade=1.0 + 3.5 * y)
        eye.paint(circle(x, y, 0.038), BLACK, inside)
        eye.paint(circle(x + 0.03, y + 0.035, 0.022), WHITE)


def draw_brows(canvas: Canvas, face: Face) -> None:
    height = -0.13 - 0.02 * face.smile
    for side in (-1, 1):
        middle = face.across(0.21 * side, 0.2)
        brow = canvas.around(middle, height, 0.15, 0.12)
        x, y = brow.x - middle, brow.y - height
        worry = 0.3 * side * np.minimum(face.smile, 0)
        brow.paint(arc(x, y + x * worry, 0.135, -0.05, brow.line(0.05)), face.hair * 0.7)


def draw_nose(canvas: Canvas, face: Face) -> None:
    middle = face.across(0.0, 0.32)
    nose = canvas.around(middle, 0.16, 0.1, 0.16)
    x, y = nose.x - middle, nose.y - 0.22
    nose.blend(glow(x, y, 0.09, 0.06) * 0.8, face.skin * SHADED)
    nose.blend(glow(x + 0.02, y + 0.07, 0.045, 0.13) * 0.5, np.minimum(face.skin * 1.25, 1))


def draw_mouth(canvas: Canvas, face: Face) -> None:
    middle = face.across(0.0, 0.2)
    width = 0.17 + 0.04 * np.maximum(face.smile, 0)
    rise = 0.11 * face.smile
    mouth = canvas.around(middle, 0.43, width, 0.2)
    x, y = mouth.x - middle, mouth.y - 0.42 - 0.5 * rise
    t = x / width
    laugh = np.maximum(face.smile - 0.2, 0) * 0.09
    line = arc(x, y, width, rise, 0.0) - laugh * np.maximum(1 - t * t, 0)
    mouth.paint(line - mouth.line(0.05), face.skin * 0.4 + LIPS)
    mouth.paint(line, (0.99, 0.98, 0.95), np.minimum(laugh * 50, 1))


def draw_hair_in_front(canvas: Canvas, face: Face) -> None:
    style = face.style
    hair = canvas.around(0.0, 0.1, 0.8, 1.2)
    x, y = hair.x - 0.18 * face.turn, hair.y
    forehead = ellipse(x - style.parting, y - style.hairline - 0.62, 0.42 * face.width, 0.62)
    below = box(x, y - 0.6, 0.40 * face.width, 0.62, 0.3)
    opening = smooth_union(forehead, below, 0.08)
    shape = np.maximum(np.maximum(hair_shape(hair, face), -opening), y - style.locks)
    hair.paint(np.maximum(shape - 0.04, opening), face.skin * SHADED, 0.5 * style.present * np.clip(0.5 - 4 * y, 0, 1))
    hair.paint(shape, face.hair, style.present)
    gloss = glow(x + 0.16, y + 0.44, 0.36, 0.14)
    hair.paint(shape, WHITE, 0.25 * style.present * gloss)


def draw_hat(canvas: Canvas, face: Face) -> None:
    hat, slide = face.hat, -0.04 * face.turn
    pompom = canvas.around(slide, hat.top, hat.pompom, hat.pompom)
    pompom.paint(circle(pompom.x - slide, pompom.y - hat.top, hat.pompom), face.trim, np.sign(hat.pompom))
    half = (face.hat.brim - hat.top) / 2 + 0.1
    top = canvas.around(slide, hat.top + half, hat.width * face.width, half)
    x, y = top.x - slide, top.y - hat.top - half
    crown = np.maximum(box(x, y, hat.width * face.width, half, hat.corner), top.y - face.hat.brim)
    shade = 1.06 - 0.9 * x * x
    top.paint(crown, face.felt, hat.present, shade)
    top.paint(np.maximum(crown, face.hat.brim - hat.ribbon - top.y), face.trim, np.sign(hat.ribbon), shade)
    badge = circle(x - 0.35 * face.turn, top.y + 0.46, hat.badge)
    top.paint(np.maximum(crown, badge), face.trim, np.sign(hat.badge))
    slide = slide + hat.turn * face.turn
    edge = canvas.around(slide, face.hat.brim, hat.brim_width * face.width, hat.brim_height)
    brim = box(edge.x - slide, edge.y - face.hat.brim, hat.brim_width * face.width, hat.brim_height, hat.brim_height)
    edge.paint(brim, face.felt, hat.present, shade=0.8 - 1.5 * (edge.y - face.hat.brim))


def draw_glasses(canvas: Canvas, face: Face) -> None:
    for side in (-1, 1):
        middle = face.across(0.205 * side, 0.22)
        width = 0.185 * (1 - 0.35 * side * face.turn)
        lens = canvas.around(middle, 0.07, width, 0.2)
        x, y = lens.x - middle, lens.y - 0.07
        shape = box(x, y, width, 0.16, 0.1)
        lens.paint(shape, (0.85, 0.93, 1.0), 0.2 * face.glasses)
        lens.paint(np.abs(shape) - lens.line(0.035), FRAME, face.glasses)
    middle = face.across(0.0, 0.26)
    bridge = canvas.around(middle, 0.04, 0.06, 0.04)
    bridge.paint(arc(bridge.x - middle, bridge.y - 0.04, 0.05, -0.02, bridge.line(0.03)), FRAME, face.glasses)


def turn_over(canvas: Canvas, face: Face) -> None:
    canvas.pixels[:] = canvas.pixels[:, ::-1].copy()


def draw_cat(canvas: Canvas, face: Face) -> None:
    fur = face.hair
    canvas.paint(ellipse(canvas.x, canvas.y - 1.1, 0.62, 0.62), fur * 0.8)
    for side in (-1, 1):
        middle = face.across(0.33 * side, 0.0)
        ear = canvas.around(middle, -0.3, 0.2, 0.3)
        ear.paint(triangle(ear.x - middle - 0.06 * side, ear.y + 0.08, 0.19, 0.5), fur * 0.9)
        ear.paint(triangle(ear.x - middle - 0.06 * side, ear.y + 0.16, 0.11, 0.3), (0.93, 0.62, 0.62))
    head = ellipse(canvas.x, canvas.y - 0.14, 0.54 * face.width, 0.46)
    canvas.paint(head, fur, shade=1.05 - 0.12 * canvas.x)
    stripes = (wave((canvas.x - 0.2 * face.turn) * 5 + 0.5) - 0.4) / 10
    canvas.paint(np.maximum(np.maximum(head, stripes), canvas.y + 0.12), fur * 0.7)
    muzzle = face.across(0.0, 0.3)
    for side in (-1, 1):
        middle = face.across(0.24 * side, 0.2)
        eye = canvas.around(middle, 0.06, 0.13, 0.13)
        x, y = eye.x - middle, eye.y - 0.06
        eye.paint(ellipse(x, y, 0.12, 0.12), face.iris, shade=1.25 + y)
        eye.paint(ellipse(x, y, 0.035, 0.1), BLACK)
        eye.paint(circle(x + 0.03, y + 0.04, 0.025), WHITE)
        x, y = canvas.x - muzzle - 0.1 * side, canvas.y - 0.36
        canvas.paint(ellipse(x, y, 0.14, 0.11), np.minimum(fur * 0.4 + 0.62, 1))
        for slant in (-0.25, 0.0, 0.25):
            whisker = canvas.around(muzzle + 0.42 * side, 0.34, 0.26, 0.12)
            x, y = whisker.x - muzzle - 0.42 * side, whisker.y - 0.34
            whisker.paint(box(x, y - side * slant * x - 0.3 * slant, 0.26, whisker.line(0.012)), WHITE, 0.8)
    canvas.paint(triangle(canvas.x - muzzle, 0.28 - canvas.y, 0.07, 0.08), (0.85, 0.42, 0.45))


def draw_pattern(canvas: Canvas, face: Face) -> None:
    canvas.blend(np.float32(1), face.felt)
    for color, along in ((face.shirt, canvas.x + face.turn * canvas.y), (face.trim, canvas.y - face.turn * canvas.x)):
        canvas.paint((wave((along + face.smile) * 3) - 0.5) / 6, color, 0.6)


def draw_noise(canvas: Canvas, face: Face) -> None:
    """Squares of random colors, the same at any size: their numbers follow from the bits of the face's turn."""
    side = 32
    place = np.arange(canvas.pixels.shape[1]) * side // canvas.pixels.shape[1]
    bits = np.ascontiguousarray(face.turn, "float32").view("uint32")
    squares = noise.uniform(0, bits, 3 * side * side).T.reshape(3, side, side, -1)
    canvas.pixels[:] = squares[:, place[:, None], place]


BEHIND = (draw_background, draw_hair_behind, draw_body, draw_ears, draw_head)
FEATURES = (draw_cheeks, draw_eyes, draw_brows, draw_nose, draw_mouth)
WORN = (draw_hair_in_front, draw_hat, draw_glasses)
KINDS = {
    "face": (*BEHIND, *FEATURES, *WORN),
    "upside down": (*BEHIND, *FEATURES, *WORN, turn_over),
    "faceless": (*BEHIND, *WORN),
    "cat": (draw_background, draw_cat),
    "pattern": (draw_pattern,),
    "noise": (draw_noise,),
}
