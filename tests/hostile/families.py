"""What hostile input there is: for each kind a sound example, a way to spoil it, and what the programs do with it.

A family is a class with `prepare(place)`, once, and `attempt(r)`, a case: it calls what the programs call, in this
process. It may raise UserError and nothing else.
"""

import contextlib
import hashlib
import importlib.util
import io
import json
import pathlib
import random
import shutil
import sys
import zipfile

import numpy as np
import safetensors.numpy
from absl import flags
from absl.testing import flagsaver
from hostile.damage import spoil_bytes, spoil_json, spoil_text, strange_text
from PIL import Image
from support import SPACE, make_sampler, make_split, make_state, make_tiny_config

from cdaae_jax import checkpoint, images
from cdaae_jax.cli import program as programs
from cdaae_jax.cli import train
from cdaae_jax.config import Data
from cdaae_jax.config_fields import field_names
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import folder, journal, landmark_files, maps, registration, stored_examples, unaligned
from cdaae_jax.data.frl_london import pictures
from cdaae_jax.data.records import Skipped
from cdaae_jax.data.unaligned import Unaligned
from cdaae_jax.errors import UserError
from cdaae_jax.labels import LabelSpace
from cdaae_jax.photos import formats
from cdaae_jax.pretrained import model_folder
from cdaae_jax.sampling import Sampler
from cdaae_jax.training.writers import Writer
from cdaae_jax.video import clip, reading


class Pictures:
    """Files of pictures, as training and both kinds of editing read them."""

    share = 30

    def prepare(self, place: pathlib.Path) -> None:
        self.place = place
        r = np.random.default_rng(0)
        picture = Image.fromarray(r.integers(0, 256, (24, 32, 3), np.uint8))
        self.sound = []
        for ending, options in (
            ("JPEG", {}), ("JPEG", {"progressive": True, "exif": _exif()}), ("PNG", {}), ("WEBP", {}), ("BMP", {}),
            ("GIF", {}), ("PNG", {"exif": _exif()}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("PPM", {}),
        ):  # fmt: skip
            file = io.BytesIO()
            picture.save(file, ending, **options)
            self.sound.append(file.getvalue())
        for mode in ("L", "P", "RGBA", "1", "I;16", "CMYK"):
            file = io.BytesIO()
            picture.convert(mode).save(file, "TIFF" if mode == "CMYK" else "PNG")
            self.sound.append(file.getvalue())

    def attempt(self, r: random.Random) -> None:
        content = spoil_bytes(r, r.choice(self.sound))
        way = r.randrange(3)
        if way == 0:
            formats.open_photo(content)
            return
        path = self.place / f"photo{r.choice(images.SUFFIXES)}"
        path.write_bytes(content)
        if way == 1:
            images.check_file(path, 16)
        picture = images.read(path)
        assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
        images.fit(picture, 16)


class Labels:
    """What people write as a label."""

    share = 20

    def prepare(self, place: pathlib.Path) -> None:
        self.spaces = (SPACE, LabelSpace("au", ("AU1", "AU12", "AU12R")))
        self.sound = ("happy", "happy=0.7,neutral=0.3", "AU12=3,AU1=2", "HAPPY = 1.5")

    def attempt(self, r: random.Random) -> None:
        space = r.choice(self.spaces)
        text = r.choice((spoil_text(r, r.choice(self.sound)), strange_text(r)))
        name, amount = strange_text(r), r.choice((0.5, float("nan"), None, "1", [], 10**400))
        given = r.choice((text, text, text, {name: amount}, {"happy": amount}, [amount, 1], np.array([text])))
        vector = space.parse(given)
        assert vector.shape == (space.size,) and np.isfinite(vector).all()
        space.describe(vector)


class Overrides:
    """The command line of cdaae-train; there is no data, so that it always ends before anything is trained."""

    share = 5

    def prepare(self, place: pathlib.Path) -> None:
        self.place = place
        (place / "config.py").write_text("from cdaae_jax.config import Config\nget_config = Config\n")

    def attempt(self, r: random.Random) -> None:
        given = []
        for _ in range(r.choice((1, 1, 2, 4))):
            name = r.choice((r.choice(field_names()), r.choice(field_names()), strange_text(r)))
            sound = r.choice(("1", "0.5", "('a',)", "(1,2)", "True", "emotion"))
            given.append(f"--config.{name}={r.choice((strange_text(r), sound, spoil_text(r, sound)))}")
        given.append(r.choice(("--config.data.manifests=()", spoil_text(r, "--config.run.steps=3"), "--help=no")))
        arguments = [f"--config={self.place / 'config.py'}", f"--workdir={self.place / 'run'}", *given]
        out, err = io.StringIO(), io.StringIO()
        saved, argv = flagsaver.save_flag_values(), sys.argv
        sys.argv = ["train.py", *arguments, f"--data_dir={self.place / 'nothing'}"]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                programs.run(train.main, train.__name__)
            raise AssertionError("the program did not end")
        except SystemExit as ended:
            said = err.getvalue()
            assert ended.code == 2 or (ended.code == 0 and not said), (ended.code, said)
            assert "Traceback" not in said and len(said.splitlines()) <= 1 + 2 * said.count("WARNING"), said
        finally:
            sys.argv = argv
            flagsaver.restore_flag_values(saved)
            flags.FLAGS.unparse_flags()
            sys.modules.pop("config_config", None)


class Manifests:
    """A CSV of photos, read for training and for preparing."""

    share = 20

    def prepare(self, place: pathlib.Path) -> None:
        self.place = place / "data"
        self.place.mkdir()
        rows = ["file,subject,expression,AU1,AU12,amount,split"]
        for person in range(3):
            for expression in ("neutral", "happy"):
                name = f"{person}{expression}.png"
                Image.new("RGB", (32, 32), (person, 0, 0)).save(self.place / name)
                rows.append(f"{name},p{person},{expression},{person},2.5,1,{('train', 'test')[person > 1]}")
        self.sound = "\n".join(rows) + "\n"

    def attempt(self, r: random.Random) -> None:
        text = spoil_text(r, self.sound)
        path = self.place / "faces.csv"
        path.write_bytes(
            spoil_bytes(r, text.encode("utf-8", "surrogatepass"))
            if r.random() < 0.3
            else text.encode("utf-8", "replace")
        )
        if r.random() < 0.3:
            _, photos = unaligned.read(path)
            out = self.place.parent / "out"
            for photo in photos:  # no picture is written anywhere but below the output
                assert (out / photo.aligned).resolve().is_relative_to(out.resolve()), photo.aligned
            return
        query = r.choice(("", "", "?expression=neutral,happy", "?" + strange_text(r)))
        data = Data(manifests=("faces.csv" + query,), label_kind=r.choice(("emotion", "au")), held_out=r.choice((0, 1)))
        everyone = datasets.load(data, self.place, 32)
        datasets.split(everyone, data)
        everyone.records[0].load()


class Archives:
    """Archives with arrays and photos: landmarks, true maps, and the zips of the London set."""

    share = 8

    def prepare(self, place: pathlib.Path) -> None:
        self.place = place
        Image.new("RGB", (32, 32)).save(place / "p.png")
        (place / "faces.csv").write_text("file,subject,expression\np.png,p,happy\n")
        (self.record,) = folder.read("faces.csv", place, "emotion", 32, Skipped())
        arrays = [
            {"names": np.array(["p"]), "mediapipe478": np.zeros((1, 478, 2), np.float32)},
            {"flow": np.zeros((64, 64, 2)), "painted": np.zeros((64, 64)), "shade": np.zeros((64, 64))},
        ]
        self.sound = []
        for named in arrays:
            file = io.BytesIO()
            np.savez(file, **named)
            self.sound.append(file.getvalue())
        file = io.BytesIO()
        evil = np.array([_Evil()], dtype=object)
        np.savez(file, names=np.array(["p"]), mediapipe478=evil, flow=evil, painted=evil, shade=evil)
        self.evil = file.getvalue()
        (place / "zips").mkdir()
        (place / "zips" / "people.csv").write_text("face_id,face_age,face_gender,face_eth\n001,25,male,white\n")
        self.photo = (place / "p.png").read_bytes()

    def attempt(self, r: random.Random) -> None:
        way = r.randrange(3)
        if way == 2:
            self._zips(r)
            return
        content = self.evil if r.random() < 0.05 else spoil_bytes(r, self.sound[way])
        path = self.place / ("p.npz" if way else registration.FILE)
        path.write_bytes(content)
        try:
            maps.read(path) if way else registration.points_of([self.record])
        finally:
            landmark_files._read.cache_clear()
            path.unlink()

    def _zips(self, r: random.Random) -> None:
        parts = {}
        for word, number in pictures.PHOTO_NUMBERS.items():
            stem = f"001_{number}"
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr(r.choice(("", "../../", "/", "a/")) + f"{stem}.jpg", self.photo)
                archive.writestr(f"{stem}.tem", spoil_text(r, "3\n10\t10\n20\t10\n15\t20\n").encode("utf-8", "replace"))
            content = file.getvalue()
            parts[word] = self.place / "zips" / f"{word}.zip"
            parts[word].write_bytes(spoil_bytes(r, content) if r.random() < 0.7 else content)
        for picture in pictures.original_pictures(self.place / "zips" / "people.csv", parts):
            picture.jpeg()


class Checkpoints:
    """A checkpoint's files, for going on and for sampling."""

    share = 3

    def prepare(self, place: pathlib.Path) -> None:
        self.place = place
        with checkpoint.Checkpointer(place / "sound", 2) as saver:
            saver.save(make_state(1), make_tiny_config(), SPACE, make_split())
        self.files = [path for path in (place / "sound").rglob("*") if path.is_file()]

    def attempt(self, r: random.Random) -> None:
        shutil.rmtree(self.place / "spoilt", ignore_errors=True)
        shutil.copytree(self.place / "sound", self.place / "spoilt")
        for file in r.sample(self.files, r.choice((1, 1, 2))):
            target = self.place / "spoilt" / file.relative_to(self.place / "sound")
            text = file.read_bytes()
            if text[:1] == b"{" and r.random() < 0.7:
                target.write_bytes(spoil_json(r, text.decode()).encode("utf-8", "surrogatepass"))
            else:
                target.write_bytes(spoil_bytes(r, text))
        if r.random() < 0.5:
            checkpoint.restore(self.place / "spoilt", make_state(0))
        else:
            Sampler.from_checkpoint(self.place / "spoilt")


class Models:
    """A model folder as a stranger may hand it on: the check sum in it is right, whatever the weights are."""

    share = 10

    def prepare(self, place: pathlib.Path) -> None:
        self.place = place
        self.meta: dict = {}
        sampler = make_sampler()
        from cdaae_jax.pretrained import weights

        self.digest = weights.write(place / "sound.safetensors", sampler.params, "float32")
        self.sound = (place / "sound.safetensors").read_bytes()
        meta = {name: sampler.meta[name] for name in ("config", "labels", "people", "step", "versions", "fingerprint")}
        self.meta = {"format": 1, "kind": "weights", "picture_size": 32, "weights": {}, **meta}

    def attempt(self, r: random.Random) -> None:
        content = self.sound
        way = r.random()
        if way < 0.3:
            content = spoil_bytes(r, content)
        elif way < 0.6:
            arrays = safetensors.numpy.load(content)
            name = r.choice(list(arrays))
            values = arrays.pop(name)
            others = (values.astype(np.int8), values[None], values.ravel()[:0], np.full_like(values, np.nan))
            strange = strange_text(r).encode("utf-8", "replace").decode()
            arrays[r.choice((name, strange, name + ".deeper", name.rpartition(".")[0]))] = r.choice(others)
            content = safetensors.numpy.save(arrays)
        meta = self.meta | {"weights": {"sha256": hashlib.sha256(content).hexdigest(), "dtype": "float32"}}
        if r.random() < 0.2:
            meta["kind"] = r.choice(("onnx", "stablehlo", strange_text(r)))
        text = json.dumps(meta)
        meta_text = spoil_json(r, text) if way > 0.5 else text
        (self.place / model_folder.META).write_bytes(meta_text.encode("utf-8", "surrogatepass"))
        (self.place / model_folder.WEIGHTS).write_bytes(content)
        Sampler.from_checkpoint(self.place)


class Logs:
    """The metrics.jsonl that a run goes on from."""

    share = 10

    def prepare(self, place: pathlib.Path) -> None:
        self.place = place
        lines = [{"step": k, "loss/reconstruction": 0.5} for k in (1, 2, 3)]
        self.metrics = "".join(json.dumps(line) + "\n" for line in lines)

    def attempt(self, r: random.Random) -> None:
        spoilt = spoil_text(r, self.metrics).encode("utf-8", "surrogatepass")
        path = self.place / "metrics.jsonl"
        path.write_bytes(r.choice((spoilt, spoil_bytes(r, self.metrics.encode()))))
        with contextlib.redirect_stderr(io.StringIO()), Writer(self.place, 2, 3, 4, True):
            pass
        assert all(json.loads(line)["step"] <= 2 for line in path.read_text(encoding="utf-8").split("\n")[:-1])


class Shards:
    """Serialised examples, as an array_record shard that somebody else wrote may hold them."""

    share = 20

    def prepare(self, place: pathlib.Path) -> None:
        from tensorflow_datasets.proto import tf_example_pb2

        example = tf_example_pb2.Example()
        file = io.BytesIO()
        Image.new("RGB", (32, 32)).save(file, "PNG")
        feature = example.features.feature
        feature["image"].bytes_list.value.append(file.getvalue())
        for name, text in (("subject", b"p"), ("expression", b"happy")):
            feature[name].bytes_list.value.append(text)
        feature["aus/AU1"].float_list.value.append(2.0)
        self.sound = example.SerializeToString()

    def attempt(self, r: random.Random) -> None:
        source = _Listed([r.choice((self.sound, spoil_bytes(r, self.sound))) for _ in range(3)])
        try:
            list(stored_examples.small_fields(source, "set"))
        except UserError:
            pass
        stored_examples.StoredPicture(source, 0, "set")()


class Journals:
    """The journal of cdaae-prepare and of the builders, read when a job goes on."""

    share = 10

    def prepare(self, place: pathlib.Path) -> None:
        self.place = place
        self.photos = [Unaligned(place / name, name, f"{name}.png", {}) for name in ("a", "b", "c")]
        for photo in self.photos:
            photo.source.touch()
            (place / photo.aligned).touch()
        written = journal.Journal(place, {"size": 64})
        with written.writing():
            for photo in self.photos:
                written.add(photo, journal.stamp(photo.source), 80.5, np.zeros((5, 2)), frame=2)
        self.lines = (place / journal.NAME).read_text().splitlines()

    def attempt(self, r: random.Random) -> None:
        at = r.randrange(len(self.lines))
        lines = self.lines[:at] + [spoil_json(r, self.lines[at])] + self.lines[at + 1 :]
        content = "\n".join(lines).encode(errors="surrogatepass") + b"\n"
        (self.place / journal.NAME).write_bytes(spoil_bytes(r, content) if r.random() < 0.3 else content)
        read = journal.Journal(self.place, {"size": 64})
        for photo in self.photos:
            if read.knows(photo):
                f"{read.face_size(photo):.1f} {read.frame(photo)} {len(read.points(photo))}"
        with read.writing():
            pass


class Videos:
    """Videos, as an edit and the preparing of frames read them; and as an edit writes them again."""

    share = 5

    def prepare(self, place: pathlib.Path) -> None:
        import av

        self.place, r, self.sound = place, np.random.default_rng(0), {}
        for ending, encoder in ((".mp4", "libx264"), (".mkv", "libx264"), (".webm", "libvpx-vp9"), (".avi", "mpeg4")):
            with av.open(str(place / f"sound{ending}"), "w") as writer:
                stream = writer.add_stream(encoder, rate=10)
                stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
                for _ in range(4):
                    frame = av.VideoFrame.from_ndarray(r.integers(0, 256, (16, 32, 3), np.uint8), format="rgb24")
                    writer.mux(stream.encode(frame))
                writer.mux(stream.encode(None))
            self.sound[ending] = (place / f"sound{ending}").read_bytes()

    def attempt(self, r: random.Random) -> None:
        ending = r.choice(list(self.sound))
        source = self.place / f"spoilt{ending}"
        source.write_bytes(spoil_bytes(r, self.sound[ending]))
        try:
            for _ in reading.frames(source, lambda number: number % 2 == 1):
                pass
        except UserError:
            pass
        clip.rewrite(source, self.place / f"made{clip.target_ending(source)}", lambda pictures, _: pictures)


class _Listed(list):
    def __getitems__(self, keys):
        return [self[key] for key in keys]


class _Evil:
    """Unpickling it would run code, and leave a file."""

    def __reduce__(self):
        return pathlib.Path.touch, (pathlib.Path("unpickled"),)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    return exif


FAMILIES = (
    *(Pictures, Labels, Overrides, Manifests, Archives, Checkpoints, Models, Logs, Shards),
    *((Journals, Videos) if importlib.util.find_spec("av") else (Journals,)),
)
