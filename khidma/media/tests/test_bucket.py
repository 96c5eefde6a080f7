"""Files in a bucket, against a server that speaks S3."""

import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from django.test import Client
from moto.server import ThreadedMotoServer

from accounts.models import User
from accounts.tests.factories import make_client
from khidma.kernel.errors import Unavailable
from khidma.media import services
from khidma.media.models import File
from khidma.media.states import FileStatus
from khidma.media.tasks import erase_files
from khidma.media.tests import samples
from khidma.media.tests.factories import make_file

pytestmark = pytest.mark.django_db

KEYS = {"access_key": "a", "secret_key": "b", "region_name": "ap-south-1"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The server's address."""
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server: str, settings: Any) -> Any:
    """An empty bucket, in which files and documents are kept from now on."""
    found = boto3.resource(
        "s3", endpoint_url=server, region_name="ap-south-1", aws_access_key_id="a", aws_secret_access_key="b"
    ).Bucket("files")
    found.create(CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
    keep_in(settings, server)
    yield found
    found.objects.delete()
    found.delete()


def keep_in(settings: Any, endpoint: str) -> None:
    options = {
        **KEYS,
        "bucket_name": "files",
        "endpoint_url": endpoint,
        "default_acl": None,
        "file_overwrite": True,
        "max_memory_size": 1_048_576,
        "client_config": Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
    }
    place = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "media": place, "identity": place}


@pytest.fixture
def user() -> User:
    return make_client()


def test_a_file_goes_into_the_bucket_out_of_it_and_away(bucket: Any, user: User, send: Any, stored: Any) -> None:
    answer = send(user, samples.mp4(), kind="video", name="clip.mp4")
    assert answer.status_code == 201, answer.content
    assert stored() == []
    (kept,) = bucket.objects.all()
    assert kept.size == len(samples.mp4())
    url = answer.json()["data"]["url"].removeprefix("http://127.0.0.1:8000")
    part: Any = Client().get(url, headers={"range": "bytes=4-7"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, b"ftyp")
    File.objects.update(status=FileStatus.REMOVED)
    assert erase_files() == 1
    assert list(bucket.objects.all()) == []


def test_a_sealed_file_lies_in_the_bucket_encrypted(bucket: Any, user: User) -> None:
    given = io.BytesIO(samples.pdf())
    file = services.receive_file(owner=user, kind="document", name="card", content=given, is_sealed=True)
    (kept,) = bucket.objects.all()
    assert b"%PDF" not in kept.get()["Body"].read()
    with services.open_file(file) as content:
        assert content.read() == samples.pdf()


def test_a_bucket_that_does_not_answer_is_503_and_what_it_lost_too(
    bucket: Any, user: User, send: Any, settings: Any
) -> None:
    file = make_file(user)
    keep_in(settings, "http://127.0.0.1:9")
    answer = send(user, samples.image())
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert File.objects.get(status=FileStatus.UPLOADING).kind == "image"
    with pytest.raises(Unavailable):
        services.open_file(file)
    with pytest.raises(Unavailable):
        services.erase_bytes(make_removed(file).pk)


def make_removed(file: File) -> File:
    File.objects.filter(pk=file.pk).update(status=FileStatus.REMOVED)
    return file
