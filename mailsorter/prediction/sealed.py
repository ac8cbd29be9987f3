"""The model's file: packed, compressed, and sealed with AES-GCM under a key of its own.

A file that was altered, or is opened with another key, is refused whole. Writing replaces the old file in one step, so
that a crash leaves either the old model or the new one.

Hashes of words and people cannot be made anew without the mail, so a model keeps the key it hashes under inside its
sealed file when the ledger's key is replaced: the new key opens the file, and the old one opens nothing any more.
A model trained anew hashes under the new key.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailsorter import files
from mailsorter.errors import UserError
from mailsorter.prediction.calibration import EDGES, Band, Calibration
from mailsorter.prediction.memory import Remembered
from mailsorter.prediction.model import PredictionModel

_MAGIC = b"mailsorter-model-2\n"  # another number whenever scores change: what bands earned holds for theirs alone
_NONCE = 12
_START_AFRESH = "Delete it and run: mailsorter predict train"


class _Packed(msgspec.Struct, array_like=True):
    features: bytes  # each feature's 8 bytes, in order of first use; bags below hold positions in it
    clients: list[str]
    messages: list[
        tuple[int, list[int], list[int], list[int], int, int]
    ]  # client, positions, weights, people, mark, day
    bands: list[tuple[int, int]]
    probation: dict[str, int]
    hash_key: bytes = b""  # empty in files written before the ledger's key could be replaced


_decoder = msgspec.msgpack.Decoder(_Packed)  # built once: msgspec shows other threads a half-built one


def save_model(model: PredictionModel, path: Path, key: bytes) -> None:
    """Write the model, for its owner and the group of a shared folder. `key` has 16 bytes or more.

    Raises OSError as the disk does.
    """
    plain = zlib.compress(msgspec.msgpack.encode(_pack(model)), 6)
    nonce = os.urandom(_NONCE)
    sealed = _MAGIC + nonce + AESGCM(_file_key(key)).encrypt(nonce, plain, _MAGIC)
    files.replace(path, sealed, mode=files.PRIVATE, for_folder=True)


def load_model(
    path: Path, key: bytes, *, target: float, reads_bodies: bool, former_keys: Sequence[bytes] = ()
) -> PredictionModel:
    """
    The model as it was saved, under `key` or one that it replaced; an empty one when there is no file yet.

    Raises UserError when the file was altered, made under another key, or by a newer version.
    """
    try:
        sealed = path.read_bytes()
    except FileNotFoundError:
        return PredictionModel(feature_key(key), target=target, reads_bodies=reads_bodies)
    if not sealed.startswith(_MAGIC):
        raise UserError(f"{path} is no prediction model of this version.", advice=_START_AFRESH)
    nonce, body = sealed[len(_MAGIC) : len(_MAGIC) + _NONCE], sealed[len(_MAGIC) + _NONCE :]
    try:
        plain, opened_by = _opened(nonce, body, (key, *former_keys))
        packed = _decoder.decode(zlib.decompress(plain))
        hash_key = packed.hash_key or feature_key(opened_by)
        model = PredictionModel(hash_key, target=target, reads_bodies=reads_bodies)
        _unpack(packed, model)
    except (InvalidTag, ValueError, zlib.error, msgspec.DecodeError) as error:
        raise UserError(
            f"The prediction model {path} was altered or made under another key.", advice=_START_AFRESH
        ) from error
    return model


def _opened(nonce: bytes, body: bytes, keys: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The file's content, and which of the keys opened it. Raises `InvalidTag` when none does."""
    for key in keys:
        try:
            return AESGCM(_file_key(key)).decrypt(nonce, body, _MAGIC), key
        except InvalidTag:
            continue
    raise InvalidTag


def feature_key(key: bytes) -> bytes:
    """The key under which words and people are hashed, made from the model's one secret."""
    return blake2b(b"features", key=key[:64], digest_size=32).digest()


def _file_key(key: bytes) -> bytes:
    return blake2b(b"file", key=key[:64], digest_size=32).digest()


def _pack(model: PredictionModel) -> _Packed:
    position: dict[int, int] = {}
    clients: dict[str, int] = {}

    def places(features: Sequence[int]) -> list[int]:
        return [position.setdefault(feature, len(position)) for feature in features]

    messages = [
        (
            clients.setdefault(one.client_id, len(clients)),
            places(list(one.bag)),
            list(one.bag.values()),
            places(sorted(one.people)),
            one.mark,
            one.day,
        )
        for one in model.memory
    ]
    return _Packed(
        features=b"".join(feature.to_bytes(8, "big") for feature in position),
        clients=list(clients),
        messages=messages,
        bands=[(band.right, band.wrong) for band in model.calibration.bands],
        probation=dict(model.probation),
        hash_key=model.hash_key,
    )


def _unpack(packed: _Packed, model: PredictionModel) -> None:
    raw = packed.features
    features = [int.from_bytes(raw[start : start + 8], "big") for start in range(0, len(raw), 8)]
    for client, places, weights, people, mark, day in packed.messages:
        bag = {features[place]: weight for place, weight in zip(places, weights, strict=True)}
        named = frozenset(features[place] for place in people)
        model.remember(Remembered(packed.clients[client], bag, named, mark, day))
    if len(packed.bands) == len(EDGES):
        model.calibration = Calibration([Band(right, wrong) for right, wrong in packed.bands])
    model.probation.update(packed.probation)
