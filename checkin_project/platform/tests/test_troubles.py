import errno

import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from checkin_project.platform.exports.troubles import WrongSize, in_words, storage_errors

HOST = "http://hidden-host.example.org"


def _answered(code: str, status: int) -> ClientError:
    error = {"Error": {"Code": code, "Message": HOST}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(error, "PutObject")


def _wrapped(cause: Exception) -> S3UploadFailedError:
    """As boto3 does it with what happens while a file is sent in parts."""
    try:
        raise S3UploadFailedError(f"Failed to upload to {HOST}") from cause
    except S3UploadFailedError as error:
        return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (_answered("SignatureDoesNotMatch", 403), "The storage does not accept the key."),
        (_answered("InvalidAccessKeyId", 403), "The storage does not accept the key."),
        (_answered("403", 403), "The storage refused access."),
        (_answered("AccessDenied", 403), "The storage refused access."),
        (_answered("NoSuchBucket", 404), "The storage has no such bucket."),
        (_answered("503", 503), "The storage is out of order (it answered 503)."),
        (_answered("EntityTooLarge", 400), "The storage refused the file (EntityTooLarge)."),
        (EndpointConnectionError(endpoint_url=HOST), "The storage does not answer."),
        (ReadTimeoutError(endpoint_url=HOST), "The storage does not answer."),
        (_wrapped(_answered("AccessDenied", 403)), "The storage refused access."),
        (_wrapped(EndpointConnectionError(endpoint_url=HOST)), "The storage does not answer."),
        (NoCredentialsError(), "There is no key for the storage."),
        (OSError(errno.EIO, "Input/output error"), "The storage failed (OSError)."),
        (OSError(errno.ENOSPC, "No space", "/var/hidden"), "There is no space left for the file."),
        (PermissionError(errno.EACCES, "Denied", "/var/hidden"), "The folder of exports may not be written to."),
        (WrongSize(), "The storage kept another number of bytes than were sent."),
    ],
    ids=str,
)
def test_what_a_storage_raises_is_told_without_names_and_places(error: Exception, said: str) -> None:
    sentence = in_words(error)

    assert sentence.startswith(said)
    assert "hidden" not in sentence
    assert isinstance(error, storage_errors())


def test_mistakes_in_our_own_code_are_no_storages_failure() -> None:
    assert not isinstance(KeyError("x"), storage_errors())
