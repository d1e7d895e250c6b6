"""What a JSON body must be before anybody looks at its fields."""

import json

import pytest

from harness.problems import problem

NAME = '"agent_name":"A","owner_email":"a@example.com"'


def post(server, body, content_type="application/json"):
    headers = {"Content-Type": content_type} if content_type else {}
    data = body.encode() if isinstance(body, str) else body
    return server.call("POST", "/agents/register", data=data, headers=headers)


@pytest.mark.parametrize("body", [
    " ", "{", "}", "{}}", "{" + NAME, "{" + NAME + ",}", "{" + NAME + "} x", "{" + NAME + "}{}",
    "{'agent_name':'A'}", "{agent_name:\"A\"}", "{" + NAME + ",\"agent_name\":\"B\"}",
    "{" + NAME + ",\"agent\\u005fname\":\"B\"}", "[" * 5000 + "]" * 5000,
    '{"agent_name":' + '{"a":' * 2000 + "1" + "}" * 2001, "// c\n{" + NAME + "}",
    "{" + NAME + "/* c */}", '{"agent_name":"A\n","owner_email":"a@example.com"}',
    '{"agent_name":"\\x41","owner_email":"a@example.com"}',
    '{"agent_name":"\\ud800","owner_email":"a@example.com"}',
    '{"agent_name":NaN,"owner_email":"a@example.com"}', '{"agent_name":01}', '{"agent_name":+1}',
    '{"agent_name":1.}', '{"agent_name":.5}', '{"agent_name":tru}', '{"agent_name":"A}',
    '{"agent_name"}', '{"agent_name":}', '{:"A"}', '{"agent_name":"A" "owner_email":"b"}',
    b'\xef\xbb\xbf{' + NAME.encode() + b'}', b'{"agent_name":"\xff","owner_email":"a@example.com"}',
    b'{"agent_name":"\xc0\xaf","owner_email":"a@example.com"}',
    b'{"agent_name":"\xed\xa0\x80","owner_email":"a@example.com"}',
    b'{"agent_name":"A","owner_email":"a@example.com"}\x00', "\x00",
    json.dumps({"agent_name": "A", "owner_email": "a@example.com"}).encode("utf-16"),
], ids=lambda body: repr(body)[:60])
def test_what_is_not_json_is_malformed(server, body):
    problem(post(server, body), 400, "malformed_request")


@pytest.mark.parametrize("body", ["", "null", "true", "1", '"text"', "[]", "[{" + NAME + "}]"])
def test_a_body_that_is_no_object_is_refused(server, body):
    assert post(server, body).status_code in (400, 422)


@pytest.mark.parametrize("body", [
    " \t\r\n{ " + NAME + " } \n", '{"agent_name":"\\u0041","owner_email":"a@example.com"}',
    '{"agent_name":"\\ud83d\\ude00","owner_email":"a@example.com"}',
])
def test_any_spelling_of_the_same_json_is_accepted(server, body):
    assert post(server, body).status_code == 201


@pytest.mark.parametrize("content_type", [
    "application/json", "application/json; charset=utf-8", "Application/JSON",
    "application/json;charset=UTF-8",
])
def test_json_is_accepted_as_json(server, content_type):
    assert post(server, "{" + NAME + "}", content_type).status_code == 201


@pytest.mark.parametrize("content_type", [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/jsonx", "text/json", "application/xml", "json",
])
def test_another_media_type_is_refused(server, content_type):
    problem(post(server, "{" + NAME + "}", content_type), 415, "unsupported_media_type")


def test_a_compressed_body_is_refused(server):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = server.call("POST", "/agents/register", data=b"\x1f\x8b", headers=headers)
    assert answer.status_code in (400, 415)


def test_a_body_of_64_kib_is_the_most(server):
    fits = "{" + NAME + "}" + " " * (65536 - len(NAME) - 2)
    assert post(server, fits).status_code == 201
    problem(post(server, fits + " "), 413, "payload_too_large")


def test_a_refused_body_registers_nobody(server, admin):
    before = len(admin.get("/agents?limit=1000").json()["items"])
    for body in ("{" + NAME + "} x", "{" + NAME + ",\"status\":\"active\"}", "{" + NAME):
        post(server, body)
    assert len(admin.get("/agents?limit=1000").json()["items"]) == before
