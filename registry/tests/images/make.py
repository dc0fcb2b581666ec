"""Makes the images and the numbers beside this file.

What Pillow decodes and resizes, and what transformers' image processors (the ones on Pillow and numpy) make of it:

    pip install transformers==4.57.6 pillow==13.0.0 numpy==2.4.6
    python make.py

Images are made by formulas. `cases.json` names, for each case, an image, the `preprocessor_config.json` it is read with, and
where in `expected.bin` the numbers are: `uint8` or little-endian `float32`, channels first.
"""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from transformers import CLIPImageProcessor, DeiTImageProcessor, ViTImageProcessor

HERE = Path(__file__).parent


def gradient(height, width):
    y, x = np.mgrid[0:height, 0:width]
    red, green, blue = 255 * x // (width - 1), 255 * y // (height - 1), (x * 7 + y * 13) % 256
    return np.stack([red, green, blue], -1).astype(np.uint8)


def checkerboard(height, width):
    y, x = np.mgrid[0:height, 0:width]
    on = ((x // 3 + y // 2) % 2 * 255).astype(np.uint8)
    return np.stack([on, 255 - on, on // 3], -1)


def noise(height, width, channels=3):
    at = np.arange(height * width * channels, dtype=np.uint64)
    return (((at + 1) ** 2 * 2654435761 >> 11) % 256).astype(np.uint8).reshape(height, width, channels)


def png_16_bit(path, colour_type, samples):
    """Pillow writes no 16-bit colour, so the file is written here."""
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def images():
    save = lambda name, image: image.save(HERE / name, optimize=True)
    save("gradient.png", Image.fromarray(gradient(11, 17)))
    save("checkerboard.png", Image.fromarray(checkerboard(20, 13)))
    save("noise.png", Image.fromarray(noise(9, 31)))
    save("wide.png", Image.fromarray(noise(6, 40)))
    save("grey.png", Image.fromarray(gradient(12, 10)[:, :, 2]))
    save("grey-alpha.png", Image.fromarray(noise(8, 9, 2), "LA"))
    save("alpha.png", Image.fromarray(noise(10, 8, 4), "RGBA"))
    save("two-colours.png", Image.fromarray(checkerboard(9, 12)[:, :, 0]).convert("1"))
    save("palette.png", Image.fromarray(gradient(10, 14)).quantize(9))
    see_through = Image.fromarray(gradient(7, 9)).quantize(5)
    see_through.info["transparency"] = 1
    see_through.save(HERE / "palette-transparent.png", transparency=1, optimize=True)
    deep = lambda samples: samples[..., ::2].astype(np.uint16) * 256 + samples[..., 1::2]
    png_16_bit(HERE / "deep.png", 2, deep(noise(7, 8, 6)))
    # Pillow makes every grey above 255 of 65535 white, so nothing is recorded for this one.
    png_16_bit(HERE / "deep-grey.png", 0, deep(noise(8, 10, 2)))
    turned = Image.fromarray(gradient(16, 24))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(HERE / "turned.jpg", quality=90, subsampling=0, exif=exif)
    Image.fromarray(gradient(24, 16)).save(HERE / "sampled.jpg", quality=80)
    Image.fromarray(gradient(16, 16)[:, :, 0]).save(HERE / "grey.jpg", quality=85)


PLAIN = {"do_rescale": False, "do_normalize": False}
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
HALF = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
PROCESSORS = {"ViT": ViTImageProcessor, "DeiT": DeiTImageProcessor, "CLIP": CLIPImageProcessor}


def cases():
    """Name, image, kind of processor, its settings."""
    square = lambda height, width: {"size": {"height": height, "width": width}}
    for filter, name in enumerate(["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"]):
        for image, sizes in [("noise", (7, 8)), ("gradient", (12, 20)), ("checkerboard", (11, 6))]:
            settings = {**PLAIN, "resample": filter, **square(*sizes)}
            yield f"{name} of {image} at {sizes}", f"{image}.png", "ViT", settings
    same = {**PLAIN, "resample": 3, **square(11, 9)}
    yield "one axis stays", "gradient.png", "ViT", same
    yield "nothing changes", "gradient.png", "ViT", {**same, **square(11, 17)}
    unsized = {**PLAIN, "do_resize": False}
    for image in ["grey", "grey-alpha", "alpha", "two-colours", "palette", "palette-transparent", "deep"]:
        yield f"decoded {image}", f"{image}.png", "ViT", unsized
    for image in ["turned", "sampled", "grey"]:
        yield f"decoded {image}.jpg", f"{image}.jpg", "ViT", unsized
    crop = {**PLAIN, "resample": 3, **square(12, 15), "do_center_crop": True}
    for height, width in [(8, 9), (7, 6), (16, 9), (17, 20), (12, 15)]:
        sizes = {"crop_size": {"height": height, "width": width}}
        yield f"cropped to {height} × {width}", "noise.png", "DeiT", {**crop, **sizes}
    for image in ["wide", "checkerboard"]:
        edge = {**PLAIN, "resample": 3, "size": {"shortest_edge": 7}, "do_center_crop": False}
        yield f"shortest edge of {image}", f"{image}.png", "CLIP", edge
        cropped = {**edge, "do_center_crop": True, "crop_size": {"height": 7, "width": 7}}
        yield f"shortest edge of {image}, cropped", f"{image}.png", "CLIP", cropped
    yield "an old CLIP", "wide.png", "CLIP", {**PLAIN, "resample": 3, "size": 8, "do_center_crop": True, "crop_size": 8}
    yield "an old ViT", "noise.png", "ViT", {**HALF, "do_resize": True, "do_normalize": True, "resample": 2, "size": 8}
    yield "ViT", "gradient.png", "ViT", {**HALF, "resample": 2, "rescale_factor": 1 / 255, **square(9, 9)}
    deit = {**IMAGENET, "resample": 3, "do_center_crop": True, "crop_size": {"height": 8, "width": 8}, **square(10, 10)}
    yield "DeiT", "noise.png", "DeiT", deit
    yield "rescaled alone", "alpha.png", "ViT", {"do_resize": False, "do_normalize": False, "rescale_factor": 0.01}
    yield "normalised alone", "alpha.png", "ViT", {"do_resize": False, "do_rescale": False, **IMAGENET}


def main():
    images()
    recorded, numbers = [], b""
    for name, file, kind, settings in cases():
        with Image.open(HERE / file) as image:
            pixels = PROCESSORS[kind](**settings)(image.convert("RGB"), return_tensors="np")["pixel_values"][0]
        assert pixels.dtype in (np.uint8, np.float32), pixels.dtype
        config = {"image_processor_type": f"{kind}ImageProcessor", **settings}
        case = {"name": name, "image": file, "config": config, "dtype": str(pixels.dtype)}
        recorded.append({**case, "shape": list(pixels.shape), "offset": len(numbers)})
        numbers += np.ascontiguousarray(pixels).astype(pixels.dtype.newbyteorder("<")).tobytes()
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in recorded)
    (HERE / "cases.json").write_text(f"[\n{lines}\n]\n")
    (HERE / "expected.bin").write_bytes(numbers)


if __name__ == "__main__":
    main()
