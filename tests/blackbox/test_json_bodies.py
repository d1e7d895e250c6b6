"""What a JSON body must be before anybody looks at its fields."""

import pytest

from harness.problems import problem

NAME = '"agent_name":"A","owner_email":"a@example.com"'


def post(server, body, content_type="application/json"):
    headers = {"Content-Type": content_type} if content_type else {}
    data = body.encode() if isinstance(body, str) else body
    return server.call("POST", "/agents/register", data=data, headers=headers)


def with_name(value: str) -> str:
    return '{"agent_name":' + value + ',"owner_email":"a@example.com"}'


# Every class of JSONTestSuite's must-reject files, with what is wrong about each.
NOT_JSON = {
    # structure
    "only white space": " ",
    "an opening brace": "{",
    "a closing brace": "}",
    "an opening bracket": "[",
    "a brace too many": "{}}",
    "a bracket in place of the brace": "{]",
    "never closed": "{" + NAME,
    "closed by a bracket": "{" + NAME + "]",
    "a comma behind the last member": "{" + NAME + ",}",
    "only a comma": "{,}",
    "a comma before the first member": "{," + NAME + "}",
    "two commas": "{" + NAME.replace(",", ",,") + "}",
    "no comma": '{"agent_name":"A" "owner_email":"b"}',
    "two values": "{" + NAME + "}{}",
    "a word behind": "{" + NAME + "} x",
    "a comma behind": "{" + NAME + "},",
    "a number behind": "{" + NAME + "}1",
    "a name without value": '{"agent_name"}',
    "a colon without value": '{"agent_name":}',
    "a value without name": '{:"A"}',
    "two colons": '{"agent_name"::"A"}',
    "a comma in place of the colon": '{"agent_name","A"}',
    "an equals sign in place of the colon": '{"agent_name"="A"}',
    "a semicolon in place of the comma": "{" + NAME.replace(",", ";") + "}",
    "a member in an array": '["agent_name":"A"]',
    "an array with a comma at its end": with_name("[1,]"),
    "an array with a comma at its begin": with_name("[,1]"),
    "an array without comma": with_name("[1 2]"),
    "an array never closed": with_name("[1"),
    "an object in the place of a name": "{{}:1}",
    # names
    "a name without quotes": '{agent_name:"A"}',
    "a number as a name": '{1:"A"}',
    "single quotes": "{'agent_name':'A'}",
    "a name twice": "{" + NAME + ",\"agent_name\":\"B\"}",
    "a name twice, once with an escape": "{" + NAME + ",\"agent\\u005fname\":\"B\"}",
    "a name twice below": with_name('{"a":1,"a":2}'),
    # what is not JSON though some readers take it
    "a comment of a line": "// c\n{" + NAME + "}",
    "a comment within": "{" + NAME + "/* c */}",
    "a comment of a shell": "# c\n{" + NAME + "}",
    "a mark of byte order": b"\xef\xbb\xbf{" + NAME.encode() + b"}",
    "a template": with_name("{{name}}"),
    "a backtick": with_name("`A`"),
    "markup": "<a>" + NAME + "</a>",
    "a call": "f({" + NAME + "})",
    "a guard": ")]}',\n{" + NAME + "}",
    # literals
    "a literal cut short": with_name("tru"),
    "a literal in capitals": with_name("True"),
    "a literal too long": with_name("nulll"),
    "None": with_name("None"),
    "undefined": with_name("undefined"),
    "not a number": with_name("NaN"),
    "infinity": with_name("Infinity"),
    "minus infinity": with_name("-Infinity"),
    # numbers
    "a zero at the begin": with_name("01"),
    "a plus sign": with_name("+1"),
    "two signs": with_name("--1"),
    "only a sign": with_name("-"),
    "a sign apart": with_name("- 1"),
    "a point at the end": with_name("1."),
    "a point at the begin": with_name(".5"),
    "two points": with_name("1.2.3"),
    "a sign and a point": with_name("-.5"),
    "an exponent of nothing": with_name("1e"),
    "an exponent of a sign": with_name("1e+"),
    "an exponent of a real": with_name("1e1.5"),
    "a point before the exponent": with_name("1.e1"),
    "hexadecimal": with_name("0x1F"),
    "octal": with_name("0o17"),
    "underscores": with_name("1_000"),
    "a letter behind": with_name("1a"),
    "a comma as a point": with_name("1,5"),
    "a suffix": with_name("1n"),
    "digits of another script": with_name("\uff11"),
    # strings
    "a text never closed": '{"agent_name":"A}',
    "a text closed early": with_name('"A"B"'),
    "a line end in a text": with_name('"A\n"'),
    "a tab in a text": with_name('"A\t"'),
    "a NUL in a text": with_name('"A\0"'),
    "a control in a text": with_name('"A\x1f"'),
    "an escape of hexadecimal": with_name('"\\x41"'),
    "an escape of NUL": with_name('"\\0"'),
    "an escape of a letter": with_name('"\\a"'),
    "an escape in capitals": with_name('"\\N"'),
    "an escape of a quote": with_name('"\\\'"'),
    "an escape at the end": '{"agent_name":"\\',
    "an escape of three digits": with_name('"\\u004"'),
    "an escape of no digits": with_name('"\\u"'),
    "an escape of other digits": with_name('"\\u00g1"'),
    "an escape in capital U": with_name('"\\U00000041"'),
    "an escape with braces": with_name('"\\u{41}"'),
    "an escape outside of a text": with_name("\\u0022A\\u0022"),
    "half a surrogate": with_name('"\\ud800"'),
    "the other half": with_name('"\\udc00"'),
    "a surrogate and a letter": with_name('"\\ud800\\u0041"'),
    "surrogates swapped": with_name('"\\udc00\\ud800"'),
    # encodings
    "a byte that is no UTF-8": with_name('"\xff"').encode("latin-1"),
    "Latin-1": with_name('"\xe9"').encode("latin-1"),
    "an overlong slash": with_name('"\xc0\xaf"').encode("latin-1"),
    "an overlong NUL": with_name('"\xc0\x80"').encode("latin-1"),
    "UTF-8 cut short": with_name('"\xe2\x82"').encode("latin-1"),
    "a surrogate in UTF-8": with_name('"\xed\xa0\x80"').encode("latin-1"),
    "beyond Unicode": with_name('"\xf4\x90\x80\x80"').encode("latin-1"),
    "a lone continuation": with_name('"\x80"').encode("latin-1"),
    "UTF-16": with_name('"A"').encode("utf-16"),
    "UTF-16 without a mark": with_name('"A"').encode("utf-16-le"),
    "UTF-32": with_name('"A"').encode("utf-32"),
    # bytes between
    "a NUL behind": ("{" + NAME + "}").encode() + b"\x00",
    "only a NUL": "\x00",
    "a NUL before": "\x00{" + NAME + "}",
    "a form feed between": "{\f" + NAME + "}",
    "a vertical tab between": "{\v" + NAME + "}",
    "a no-break space between": "{\u00a0" + NAME + "}",
    "a line separator between": "{\u2028" + NAME + "}",
    "a zero-width space between": "{\u200b" + NAME + "}",
    "a word joiner before": "\u2060{" + NAME + "}",
    # size of the structure
    "arrays 5,000 deep": "[" * 5000 + "]" * 5000,
    "objects 2,000 deep": with_name('{"a":' * 2000 + "1" + "}" * 2000),
    "arrays 5,000 deep, never closed": "[" * 5000,
    "25 deep": with_name("[" * 24 + "]" * 24),
    "257 members": "{" + ",".join(f'"m{n}":1' for n in range(257)) + "}",
}


@pytest.mark.parametrize("reason", NOT_JSON)
def test_what_is_not_json_is_malformed(server, reason):
    problem(post(server, NOT_JSON[reason]), 400, "malformed_request")


def test_what_is_not_json_registers_nobody(server, admin):
    def agents():
        return len(admin.get("/agents?limit=1000").json()["items"])

    before = agents()
    for body in NOT_JSON.values():
        post(server, body)
    assert agents() == before


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
    for body in (b"\x1f\x8b", ("{" + NAME + "}").encode()):
        answer = server.call("POST", "/agents/register", data=body, headers=headers)
        problem(answer, 415, "unsupported_media_type")


def test_a_body_of_64_kib_is_the_most(server):
    fits = "{" + NAME + "}" + " " * (65536 - len(NAME) - 2)
    assert post(server, fits).status_code == 201
    problem(post(server, fits + " "), 413, "payload_too_large")


def test_a_refused_body_registers_nobody(server, admin):
    before = len(admin.get("/agents?limit=1000").json()["items"])
    for body in ("{" + NAME + "} x", "{" + NAME + ",\"status\":\"active\"}", "{" + NAME):
        post(server, body)
    assert len(admin.get("/agents?limit=1000").json()["items"]) == before
