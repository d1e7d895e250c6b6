// Tokens that must be refused, and why, in the classes of RFC 8725 and of project Wycheproof's
// vectors for JSON Web Signature (C2SP/wycheproof, json_web_signature_test). Signed by another
// implementation of HMAC than ours, with 32 bytes 0x42 as the key "key1"; now is 1,700,000,000 s.
#pragma once

#include <string_view>

namespace agentauth::cases {

struct JwsCase {
  const char* name;
  std::string_view token;
  const char* why;  // what the log says; "" when the token is accepted
};

// clang-format off
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifQ"
#define PAYLOAD \
  "eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTRh" \
  "NGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTVj" \
  "MWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIn0"
#define SIGNATURE "dUEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwK4"

inline constexpr JwsCase jws_cases[] = {
    // accepted
    {"AcceptsValid",
      HEADER ".eyJrZXkiOiI0Zkp4MFprMlFtUDEiLCJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJ"
      "zdWIiOiIwYjUxYjJhMy04ZjBlLTRhNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTF"
      "iMmEzLThmMGUtNGE0ZS05ZDBhLTVjMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzA"
      "wMDAwOTAwLCJqdGkiOiJBQUFBIn0.KQwkJqY37MpgJvlds5cZ9oChsMtTGzgHzIGcYnI-Uhk",
      ""},
    {"AcceptsAnotherOrderOfTheHeader",
      "eyJraWQiOiJrZXkxIiwidHlwIjoiYXQrand0IiwiYWxnIjoiSFMyNTYifQ.eyJrZXkiOiI0Zkp4MFprM"
      "lFtUDEiLCJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04Z"
      "jBlLTRhNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05Z"
      "DBhLTVjMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQ"
      "UFBIn0.sco-wwflye1W9P4kYh2Kb0yDqeErcfRbQ10w4IeJ3og",
      ""},
    {"AcceptsAnotherSpellingOfTheSameJson",
      "eyAiYWxnIiA6ICJIUzI1NiIsICJ0eXAiOiJhdCtqd3QiLCAia2lkIjoiXHUwMDZiZXkxIiB9.eyJrZXk"
      "iOiI0Zkp4MFprMlFtUDEiLCJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiI"
      "wYjUxYjJhMy04ZjBlLTRhNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLTh"
      "mMGUtNGE0ZS05ZDBhLTVjMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTA"
      "wLCJqdGkiOiJBQUFBIn0.Qi2FABARqyCLpWnvPYVGkH_psaS7xPrZrnjth3eqVRU",
      ""},
    // right in everything, but got with no key that is named
    {"RejectsATokenThatNamesNoApiKey",
      HEADER "." PAYLOAD "." SIGNATURE,
      "key is not an API key's kid"},
    // the tag: modified, cut, empty, of another key
    {"RejectsATagWithItsFirstBitFlipped",
      HEADER "." PAYLOAD ".dEEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwK4",
      "wrong signature"},
    {"RejectsATagWithItsMiddleBitFlipped",
      HEADER "." PAYLOAD ".dUEYGRh-herjBcDxMXj4wHzffKutpNKpefE7WeFlwK4",
      "wrong signature"},
    {"RejectsATagWithItsLastBitFlipped",
      HEADER "." PAYLOAD ".dUEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwC4",
      "wrong signature"},
    {"RejectsATagWithAllBitsFlipped",
      HEADER "." PAYLOAD ".ir7n5ueBehUd-j8OzocHP4Mgg1RSWy1Whg7Eph6aP1E",
      "wrong signature"},
    {"RejectsATagOfZeros",
      HEADER "." PAYLOAD ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
      "wrong signature"},
    {"RejectsATagOfOnes",
      HEADER "." PAYLOAD ".__________________________________________8",
      "wrong signature"},
    {"RejectsATagCutTo16Bytes",
      HEADER "." PAYLOAD ".dUEYGRh-heriBcDxMXj4wA",
      "wrong signature"},
    {"RejectsATagCutTo31Bytes",
      HEADER "." PAYLOAD ".dUEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwA",
      "wrong signature"},
    {"RejectsATagWithAByteBehind",
      HEADER "." PAYLOAD ".dUEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwK4A",
      "wrong signature"},
    {"RejectsATagTwice",
      HEADER "." PAYLOAD
      ".dUEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwK51QRgZGH6F6uIFwPExePjAfN98q62k0ql58Tt"
      "Z4WXArg",
      "wrong signature"},
    {"RejectsAnEmptyTag",
      HEADER "." PAYLOAD ".",
      "wrong signature"},
    {"RejectsATagInHexadecimal",
      HEADER "." PAYLOAD ".75411819187e85eae205c0f13178f8c07cdf7cabada4d2a979f13b59e165c0ae",
      "wrong signature"},
    {"RejectsTheTagUnderAnEmptyKey",
      HEADER "." PAYLOAD ".BXp7VboW95N23fE5euwB2nc-vdyJSxc5LmQWAP27s20",
      "wrong signature"},
    {"RejectsTheTagUnderAnotherKey",
      HEADER "." PAYLOAD ".vtXi_Dyw_-IvUy1d8xpURzpTaI71F7gwht1zxi8eE7U",
      "wrong signature"},
    {"RejectsTheTagUnderTheKeyAsText",
      HEADER "." PAYLOAD ".QPpVXyGCNF6_OgHj9NQ0rxCWFCDwHVpw1oc3UixAIfQ",
      "wrong signature"},
    {"RejectsTheTagOfHs384UnderOurKey",
      HEADER "." PAYLOAD ".lo2xDirqW10WcJrgMGFNKXao3071wLf89RajsgxeOHU",
      "wrong signature"},
    {"RejectsAPlainHashInPlaceOfATag",
      HEADER "." PAYLOAD ".JF_cLhfk4gX0QGIlhcijXuNrtkWir1Oscc9EB03tANY",
      "wrong signature"},
    // the parts, and other serializations
    {"RejectsAnEmptyText",
      "",
      "not a compact JWT"},
    {"RejectsAMissingSignatureAndSeparator",
      HEADER "." PAYLOAD,
      "not a compact JWT"},
    {"RejectsAMissingPayload",
      HEADER ".." SIGNATURE,
      "wrong signature"},
    {"RejectsAMissingPayloadAndSeparator",
      HEADER "." SIGNATURE,
      "not a compact JWT"},
    {"RejectsAMissingHeader",
      "." PAYLOAD "." SIGNATURE,
      "the header is not JSON"},
    {"RejectsAMissingHeaderAndSignature",
      "." PAYLOAD ".",
      "the header is not JSON"},
    {"RejectsOnlyTheSeparators",
      "..",
      "the header is not JSON"},
    {"RejectsAnExtraEmptyPart",
      HEADER "." PAYLOAD "." SIGNATURE ".",
      "not a compact JWT"},
    {"RejectsAnExtraPart",
      HEADER "." PAYLOAD "." SIGNATURE ".Zm9v",
      "not a compact JWT"},
    {"RejectsFiveParts",
      HEADER ".Zm9v.Zm9v." PAYLOAD "." SIGNATURE,
      "not a compact JWT"},
    {"RejectsAnotherPayload",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIxYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjFiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIn0" "."
      SIGNATURE,
      "wrong signature"},
    {"RejectsAnotherHeader",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEiLCJ4IjoxfQ." PAYLOAD "."
      SIGNATURE,
      "wrong signature"},
    {"RejectsTheGeneralJsonSerialization",
      "{\"payload\":\"" PAYLOAD "\",\"signatures\":[{\"protected\":\"" HEADER
      "\",\"signature\":\"" SIGNATURE "\"}]}",
      "not a compact JWT"},
    {"RejectsTheFlattenedJsonSerialization",
      "{\"protected\":\"" HEADER "\",\"payload\":\"" PAYLOAD "\",\"signature\":\"" SIGNATURE
      "\"}",
      "not a compact JWT"},
    // base64url: padding, unused bits, other alphabets, white space
    {"RejectsPaddingBehindTheSignature",
      HEADER "." PAYLOAD ".dUEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwK4=",
      "wrong signature"},
    {"RejectsPaddingBehindTheHeader",
      HEADER "=." PAYLOAD ".naHDw412i4lCh58ceDD9ObUDGMKDY-UPq85oLGvATsE",
      "the header is not base64url"},
    {"RejectsPaddingBehindThePayload",
      HEADER "." PAYLOAD "=.V-tmz_-22EBLl8T3QmcU1Vemy6k10cufiS-WnO3o-2Q",
      "the payload is not base64url"},
    {"RejectsUnusedBitsOfTheSignature",
      HEADER "." PAYLOAD ".dUEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwK5",
      "wrong signature"},
    {"RejectsUnusedBitsOfThePayload",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBQUE"
      "ifR.hWXwJJiItUMtA6x5KHuGR08_e44L1_O4rDom-YiCDqQ",
      "the payload is not base64url"},
    {"RejectsTheStandardAlphabet",
      HEADER "." PAYLOAD ".+/EYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwK4",
      "wrong signature"},
    {"RejectsABlankBehindTheSignature",
      HEADER "." PAYLOAD ".dUEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwK4 ",
      "wrong signature"},
    {"RejectsABlankInThePayload",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2Vu dGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLT"
      "RhNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLT"
      "VjMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIn"
      "0.iTXRy8IVxEcy6xgn9CpvY_UBFed1oInj0hwg5CzLFQE",
      "the payload is not base64url"},
    {"RejectsABlankBeforeTheHeader",
      " " HEADER "." PAYLOAD ".URQweXhfIBKtsCkyQ7ViwK_h42njwGeI6rKkQtnNdfU",
      "the header is not base64url"},
    {"RejectsALineEndBehindTheSignature",
      HEADER "." PAYLOAD ".dUEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwK4\012",
      "wrong signature"},
    {"RejectsALineEndInThePayload",
      HEADER
      ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2Vu\012dGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLT"
      "RhNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLT"
      "VjMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIn"
      "0.bRmvRtC6k1m3dJCfl2ynxzJYYK5t-WqQLFh0xadIDNQ",
      "the payload is not base64url"},
    {"RejectsALineEndBeforeTheHeader",
      "\012" HEADER "." PAYLOAD ".KNgKOAQfC4Bohr2VhZlBNhzNn3KDJFxxG3X-fEpjVuU",
      "the header is not base64url"},
    {"RejectsATabBehindTheSignature",
      HEADER "." PAYLOAD ".dUEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwK4\011",
      "wrong signature"},
    {"RejectsATabInThePayload",
      HEADER
      ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2Vu\011dGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLT"
      "RhNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLT"
      "VjMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIn"
      "0.VRWXcRSLjnOzKiK6Sa4pvxBKA0N1eKyqT562WE-1Se0",
      "the payload is not base64url"},
    {"RejectsATabBeforeTheHeader",
      "\011" HEADER "." PAYLOAD ".h8ptSnH2Y-fVuEfB2BmAS7-wUOXj5iDuhEvLicgJs48",
      "the header is not base64url"},
    {"RejectsWhatIsNotAscii",
      HEADER "." PAYLOAD ".dUEYGRh-heriBcDxMXj4wHzffKutpNKpefE7WeFlwK4\351",
      "wrong signature"},
    // alg: none in every case, others' algorithms, confusion
    {"RejectsAlgnoneUnsigned",
      "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoia2V5MSJ9." PAYLOAD ".",
      "not the key's algorithm"},
    {"RejectsAlgNoneUnsigned",
      "eyJhbGciOiJOb25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoia2V5MSJ9." PAYLOAD ".",
      "not the key's algorithm"},
    {"RejectsAlgNONEUnsigned",
      "eyJhbGciOiJOT05FIiwidHlwIjoiYXQrand0Iiwia2lkIjoia2V5MSJ9." PAYLOAD ".",
      "not the key's algorithm"},
    {"RejectsAlgnOnEUnsigned",
      "eyJhbGciOiJuT25FIiwidHlwIjoiYXQrand0Iiwia2lkIjoia2V5MSJ9." PAYLOAD ".",
      "not the key's algorithm"},
    {"RejectsAlgnoneSigned",
      "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoia2V5MSJ9." PAYLOAD
      ".Cp2pmON7EETqrkGmGlXtr1mmMDEhwBW9nhbqlu5lJ-0",
      "not the key's algorithm"},
    {"RejectsAlgnoneWithoutAKid",
      "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." PAYLOAD ".",
      "no kid"},
    {"RejectsHs384UnderOurKey",
      "eyJhbGciOiJIUzM4NCIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".jEfmJNlBcgdmb_AnN6-fewF23AHdPHyO-0EvhkcKhUkf-qAKuI0UlDY9DPPmjG-S",
      "not the key's algorithm"},
    {"RejectsHs512UnderOurKey",
      "eyJhbGciOiJIUzUxMiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".Vc0cSpBDlWw944QVBmnja3QEnPqYJAo-O2ZHk28Yos4Hswh9Qr35wfNK_eiHmKFu1nKEov1x8LK0hlG"
      "5zzRpOw",
      "not the key's algorithm"},
    {"RejectsRS256SignedWithOurSecret",
      "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".0yCNGjQO6Wh1P4gnX3HY5gOD3_04OfiqF_mNXXPlfJM",
      "not the key's algorithm"},
    {"RejectsES256SignedWithOurSecret",
      "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".LB2MnTR1AwNSrtJ37CzkFq2l2SG5gcAtq1Lzs03Lf7U",
      "not the key's algorithm"},
    {"RejectsPS256SignedWithOurSecret",
      "eyJhbGciOiJQUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".Tivyi1jQA2iGQY-HCVUywHY31g8RbamQ2x7uVrHOdbg",
      "not the key's algorithm"},
    {"RejectsEdDSASignedWithOurSecret",
      "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".kjk6sqQktzcc5DlXTEy0lkVFztO7CE_YdReHzaQYcMA",
      "not the key's algorithm"},
    {"RejectsAlgLowerCase",
      "eyJhbGciOiJoczI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".vxWInzPKEk1Rh79L6myym_18HEYMoAMIbg5uFpOph9w",
      "not the key's algorithm"},
    {"RejectsAlgBlankBehind",
      "eyJhbGciOiJIUzI1NiAiLCJ0eXAiOiJhdCtqd3QiLCJraWQiOiJrZXkxIn0." PAYLOAD
      ".RVHG_UGIiATU_TFxeOkALZnoqkN4JKal957_5-7gB9s",
      "not the key's algorithm"},
    {"RejectsAlgNul",
      "eyJhbGciOiJIUzI1Nlx1MDAwMCIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".3BLaHLAQJWIzVHyPuvF123yp4MKjYN48qNl9240zDrw",
      "not the key's algorithm"},
    {"RejectsAlgEmpty",
      "eyJhbGciOiIiLCJ0eXAiOiJhdCtqd3QiLCJraWQiOiJrZXkxIn0." PAYLOAD
      ".qvw6Yv8faWhGXxUkF7q8VEmaUIDpXgRPkh0zL577QNU",
      "not the key's algorithm"},
    {"RejectsAlgList",
      "eyJhbGciOlsiSFMyNTYiXSwidHlwIjoiYXQrand0Iiwia2lkIjoia2V5MSJ9." PAYLOAD
      ".4DhQ6Y2kxrScGGl72m4BoClaHXQX7zTAZBSRhpPhF9w",
      "not the key's algorithm"},
    {"RejectsAlgNull",
      "eyJhbGciOm51bGwsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".dP5pKH_Gr21kFXSQno0DgnTQqWbeiCC_86rx9s0nxSM",
      "not the key's algorithm"},
    {"RejectsAlgNumber",
      "eyJhbGciOjI1NiwidHlwIjoiYXQrand0Iiwia2lkIjoia2V5MSJ9." PAYLOAD
      ".4yaYTC5QTylrqb8Kx18LwXBXfClQjuEJkwfWoLsQExQ",
      "not the key's algorithm"},
    {"RejectsNoAlg",
      "eyJ0eXAiOiJhdCtqd3QiLCJraWQiOiJrZXkxIn0." PAYLOAD
      ".5TXDT1gQlU6b4CldksGWhN_khV1Jmr20RUNV-c99qSE",
      "not the key's algorithm"},
    // kid, and keys that come along
    {"RejectsAKidUnknown",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTIifQ." PAYLOAD
      ".vJWbX8nOn-1ObmtDIpik9MwTcNndow5OqFFD-exgTGQ",
      "unknown kid"},
    {"RejectsAKidOfAnotherCase",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IktFWTEifQ." PAYLOAD
      ".P6RyG4OTbHynLk82kFt1O0u8Vfcbw1hQue57oNulTGQ",
      "unknown kid"},
    {"RejectsAKidEmpty",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IiJ9." PAYLOAD
      ".iUM7D4P8FjuqGqD66TlG-YzeChGZ2NauIRA7JbB-qTQ",
      "unknown kid"},
    {"RejectsAKidBlankBehind",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEgIn0." PAYLOAD
      ".CijcdP8qd7886pvlYk2Z5WV0AFUzvHmecYT7jaVOuBI",
      "unknown kid"},
    {"RejectsAKidPath",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLy4uLy4uLy4uL2Rldi9udWxsIn0." PAYLOAD
      ".zsxrV3R_gZuWyP4vaQUcwvDdEirPHWrS2kjhFb8PGqo",
      "unknown kid"},
    {"RejectsAKidSql",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEnIE9SIDE9MSAtLSJ9." PAYLOAD
      ".GhC1UhuGh7OPd1Sac5LNUsu7hzkiF73b7TxpuJ2bEag",
      "unknown kid"},
    {"RejectsAKidUrl",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Imh0dHBzOi8vZXZpbC5leGFtcGxlL2tl"
      "eTEifQ." PAYLOAD ".FOLVecqSBqZgPcnexUg8kNKsu5zkq9puyFlZboE7FY0",
      "unknown kid"},
    {"RejectsAKidNumber",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6MX0." PAYLOAD
      ".ROo4pxpeJPkMsMSB6gop87sRwa3KUjOOqob4K-_7wfg",
      "no kid"},
    {"RejectsAKidList",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6WyJrZXkxIl19." PAYLOAD
      ".9u59A_4-asPVcA_vcRVbsL9OzOChVBulc9Ifr3v-Cis",
      "no kid"},
    {"RejectsAKidNull",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6bnVsbH0." PAYLOAD
      "._v5g0G7EDoiRwBrHEgLQOOBxRPkNn9WUGp70HHtGyhw",
      "no kid"},
    {"RejectsNoKid",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9." PAYLOAD
      ".4QLsA_JiS7ad47-p-SyS-4mmg8XRy-rLIu69GcIaLcA",
      "no kid"},
    {"RejectsAKeyThatComesAlongAsJwk",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEiLCJqd2siOnsia3R5Ijoib2N0"
      "IiwiayI6IlptWm1abVptWm1abVptWm1abVptWm1abVptWm1abVptWm1abVptWm1abVkifX0." PAYLOAD
      ".CRJ3ZdzZdmVx7vW-ERocc45p0z6ZMHJIuRLszhwj3jE",
      "wrong signature"},
    {"RejectsAKeyThatComesAlongAsJku",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEiLCJqa3UiOiJodHRwczovL2V2"
      "aWwuZXhhbXBsZS9qd2tzIn0." PAYLOAD ".wvyo4Y37t5LL3kGRah2IdVm8C0vxmG2csfn41RXiCJI",
      "wrong signature"},
    {"RejectsAKeyThatComesAlongAsX5u",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEiLCJ4NXUiOiJodHRwczovL2V2"
      "aWwuZXhhbXBsZS9jZXJ0In0." PAYLOAD "._fR3hC4QET-z0dCLIpQbTPg9mzMMnmup9561ud009a4",
      "wrong signature"},
    {"RejectsAKeyThatComesAlongAsX5c",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEiLCJ4NWMiOlsiTUlJQiJdfQ." PAYLOAD
      ".lp09dcheN7n05I6UAcF_J1l4hYr6Aw5-C1tTblecQ5A",
      "wrong signature"},
    // typ
    {"RejectsATypOfPlainJwt",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".jrYqSaIVzM0f8jnAH0dWhf1n5Opp0jjeGwvRlqJNVnY",
      "not an access token"},
    {"RejectsATypOfAnotherCase",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkFUK0pXVCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".hCc0xLel2ataxd4LIXvs3iO24smd-KCJnkqdFum9BaY",
      "not an access token"},
    {"RejectsATypOfARefreshToken",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6InJlZnJlc2grand0Iiwia2lkIjoia2V5MSJ9." PAYLOAD
      ".NbnqOKIMzzLkT5rIgdg9s78SiddfL8_ycQcqde8616M",
      "not an access token"},
    {"RejectsATypPrefixed",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImFwcGxpY2F0aW9uL2F0K2p3dCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".mt5kbg8qsSsyxks4z0EuFSgmz-X5D1vwgPYMb8rs0N0",
      "not an access token"},
    {"RejectsATypEmpty",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IiIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".C-Cvr6_52eBAdzDfDmccGYZSDpdmG2cFuvvkmTMv9Bo",
      "not an access token"},
    {"RejectsATypNull",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6bnVsbCwia2lkIjoia2V5MSJ9." PAYLOAD
      ".MEO9LQDwZnouGxf4T5mVZ_LBNJxT01HsuVMVHWWipm0",
      "not an access token"},
    {"RejectsNoTyp",
      "eyJhbGciOiJIUzI1NiIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".K4TlCvNaBUEhjMgk0VYrRUYAsE4svCbT6BiyxaiWxYg",
      "not an access token"},
    // crit and b64
    {"RejectsACritOfB64",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEiLCJjcml0IjpbImI2NCJdLCJi"
      "NjQiOmZhbHNlfQ." PAYLOAD ".yFk_lHl0eW8Q8Ad4w0nHTD1sfVokvLwfpfcqDbO8Fvo",
      "critical extension"},
    {"RejectsACritEmpty",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEiLCJjcml0IjpbXX0." PAYLOAD
      ".UZ94t2_Obelr4FhRiqzTqsjIQ8lk987F2_GtOtu6tvo",
      "critical extension"},
    {"RejectsACritOfExp",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEiLCJjcml0IjpbImV4cCJdfQ." PAYLOAD
      ".qC5s3Ts1ntnYGF_JpG6zfN-b7AU_2TwHDkWiwNruETs",
      "critical extension"},
    {"RejectsACritNull",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEiLCJjcml0IjpudWxsfQ." PAYLOAD
      ".rZ1adokeP8un5jPnal-ASdvLijkg7qVDlP65WbTO8to",
      "critical extension"},
    {"RejectsACritText",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEiLCJjcml0IjoiYjY0In0." PAYLOAD
      ".hQnXO01gSIjp29VWwdBISX2Ss4LgpNHmYsuqEBiNGak",
      "critical extension"},
    // the header's JSON
    {"RejectsARepeatedAlg",
      "eyJhbGciOiJub25lIiwiYWxnIjoiSFMyNTYiLCJ0eXAiOiJhdCtqd3QiLCJraWQiOiJrZXkxIn0." PAYLOAD
      ".3yJ9o-wJotkmFJBtOLK-Il5PGYkAHc2u2t6ZEstl22Y",
      "the header is not JSON"},
    {"RejectsARepeatedKid",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTIiLCJraWQiOiJrZXkxIn0." PAYLOAD
      ".SEebVIpPtJY1HbSuzUQaOog7RTeDeK5tycnk9FQnLNM",
      "the header is not JSON"},
    {"RejectsAnAlgRepeatedByItsEscapes",
      "eyJhbGciOiJub25lIiwiXHUwMDYxbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEi" "fQ."
      PAYLOAD ".qGC9RjLyKHpYETEV8qv4QyciGRPJJUjJsjaadu9g6pY",
      "the header is not JSON"},
    {"RejectsAHeaderThatIsAList",
      "W3siYWxnIjoiSFMyNTYiLCJ0eXAiOiJhdCtqd3QiLCJraWQiOiJrZXkxIn1d." PAYLOAD
      ".C6HXOlV8h8Lde-9llTDzo7o6OBfxcoVu_Zh5kuC34W8",
      "the header is not JSON"},
    {"RejectsAHeaderThatIsAText",
      "IkhTMjU2Ig." PAYLOAD ".jvEZs9i1XA7PgMIMx4Q54OrPyYTTOf32Ogk-jLvMlI4",
      "the header is not JSON"},
    {"RejectsAHeaderWithSomethingBehind",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifXt9." PAYLOAD
      ".lPdvEx-VX4UBPJzdscKwuujwzv-lLIypL78SbQpnmmw",
      "the header is not JSON"},
    {"RejectsAHeaderWithAByteOrderMark",
      "77u_eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEifQ." PAYLOAD
      ".gPpQykR-xUh3P6LmCd0dlsKZ84vM_7J6qjyUJn3pJAU",
      "the header is not JSON"},
    {"RejectsAHeaderWithAComment",
      "eyJhbGciOiJIUzI1NiIsLyoqLyJ0eXAiOiJhdCtqd3QiLCJraWQiOiJrZXkxIn0." PAYLOAD
      ".nQGiyLC4cCUKbXzgFZw6aoPlY3OJrhanKymefxxPK0Y",
      "the header is not JSON"},
    {"RejectsAHeaderCutShort",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImtleTEi." PAYLOAD
      ".KwF3rz9ULbxKThsHE8rIAAzqucIpvzgZExApjpvl5Ws",
      "the header is not JSON"},
    {"RejectsARawPayload",
      HEADER ".{\"sub\":\"x\"}.SGk_-yGVqf7NvOOjFgGPObaNgsR1T3VtNp5Poc9iwHM",
      "the payload is not base64url"},
    // claims
    {"RejectsARepeatedSub",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIiw"
      "ic3ViIjoiMWI1MWIyYTMtOGYwZS00YTRlLTlkMGEtNWMxZjZmMGE3ZTExIn0.E76Q3R8JzIhffBqNZnQ"
      "wqG1iv82mp6CDPY8KVksFcXQ",
      "the payload is not JSON"},
    {"RejectsARepeatedExp",
      HEADER ".eyJleHAiOjE3MDAwMDAwMDEsImlzcyI6ImFnZW50YXV0aCIsImF1ZCI6ImFnZW50YXV0aCIsInN1YiI"
      "6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTVjMWY2ZjBhN2UxMSIsImFnZW50X2lkIjoiMGI1MWIyYTM"
      "tOGYwZS00YTRlLTlkMGEtNWMxZjZmMGE3ZTExIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA"
      "5MDAsImp0aSI6IkFBQUEifQ.75573uGpuqwFelUir0tt5aRRlpllRFRFpQDpFXeXFsY",
      "the payload is not JSON"},
    {"RejectsASubRepeatedByItsEscapes",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIiw"
      "ic1x1MDA3NWIiOiIxYjUxYjJhMy04ZjBlLTRhNGUtOWQwYS01YzFmNmYwYTdlMTEifQ.QTZE6LFDYil4"
      "nh3H7Dz00FBKeiJb_E_UPD9pEyfEXqE",
      "the payload is not JSON"},
    {"RejectsAPayloadThatIsAList",
      HEADER ".W3siaXNzIjoiYWdlbnRhdXRoIiwiYXVkIjoiYWdlbnRhdXRoIiwic3ViIjoiMGI1MWIyYTMtOGYwZS0"
      "0YTRlLTlkMGEtNWMxZjZmMGE3ZTExIiwiYWdlbnRfaWQiOiIwYjUxYjJhMy04ZjBlLTRhNGUtOWQwYS0"
      "1YzFmNmYwYTdlMTEiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDkwMCwianRpIjoiQUFBQSJ"
      "9XQ.U2ZKYrFfHIIuwgF_vGq59U416Y1ISeR0l_0vNhaopww",
      "the payload is not JSON"},
    {"RejectsAPayloadThatIsAText",
      HEADER ".ImZvbyI.RgUPN9yMUVGwsw3SwirUAoqa0UJf8G78aeqsZzM6lfk",
      "the payload is not JSON"},
    {"RejectsAPayloadThatIsNothing",
      HEADER ".._1ZDDazbjFlaqaFg8hGN_75QoTAIareBpAjk2A3eM30",
      "the payload is not JSON"},
    {"RejectsAPayloadWithSomethingBehind",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIn1"
      "4.iY4d_cboO2G1bQp_vKxTL6jlaKNuPDl4svU54nYjsKc",
      "the payload is not JSON"},
    {"RejectsNoIss",
      HEADER ".eyJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTRhNGUtOWQwYS01YzFmNmYwYTd"
      "lMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTVjMWY2ZjBhN2UxMSIsImlhdCI"
      "6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIn0.pMORksIzmzrcxXvmBUB7WBJ"
      "tzR--GWkxTfz5ugIFFVA",
      "wrong issuer"},
    {"RejectsAnotherIss",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgvIiwiYXVkIjoiYWdlbnRhdXRoIiwic3ViIjoiMGI1MWIyYTMtOGYwZS0"
      "0YTRlLTlkMGEtNWMxZjZmMGE3ZTExIiwiYWdlbnRfaWQiOiIwYjUxYjJhMy04ZjBlLTRhNGUtOWQwYS0"
      "1YzFmNmYwYTdlMTEiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDkwMCwianRpIjoiQUFBQSJ"
      "9.JX8ekmCK_9RAQVI3S-mvIjQnrZL2m3RNIMeONnxCbx8",
      "wrong issuer"},
    {"RejectsAListOfIss",
      HEADER ".eyJpc3MiOlsiYWdlbnRhdXRoIl0sImF1ZCI6ImFnZW50YXV0aCIsInN1YiI6IjBiNTFiMmEzLThmMGU"
      "tNGE0ZS05ZDBhLTVjMWY2ZjBhN2UxMSIsImFnZW50X2lkIjoiMGI1MWIyYTMtOGYwZS00YTRlLTlkMGE"
      "tNWMxZjZmMGE3ZTExIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA5MDAsImp0aSI6IkFBQUE"
      "ifQ.yGNZoy8C2VmRqZXwlqRq0QSMGUBJNsHCf0nPsE01ZyA",
      "wrong issuer"},
    {"RejectsNoAud",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTRhNGUtOWQwYS01YzFmNmYwYTd"
      "lMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTVjMWY2ZjBhN2UxMSIsImlhdCI"
      "6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIn0.VQiVsPnvh8kpvzKobKOpGgq"
      "YZ5LUMgreUds0YSzOUVY",
      "wrong audience"},
    {"RejectsAnotherAud",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGh4Iiwic3ViIjoiMGI1MWIyYTMtOGYwZS0"
      "0YTRlLTlkMGEtNWMxZjZmMGE3ZTExIiwiYWdlbnRfaWQiOiIwYjUxYjJhMy04ZjBlLTRhNGUtOWQwYS0"
      "1YzFmNmYwYTdlMTEiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDkwMCwianRpIjoiQUFBQSJ"
      "9.ONSuiMsLma_HItpHW1CbItow4qXsTiVD_lT6bgcaD08",
      "wrong audience"},
    {"RejectsAnAudOfAnotherCase",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJBZ2VudEF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIn0"
      ".yk2E_OIx5r_Zd-ZXApxu2i0A0LGuvMvJs5mdmoimDSk",
      "wrong audience"},
    {"RejectsAnEmptyListOfAud",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOltdLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTRhNGUtOWQwYS0"
      "1YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTVjMWY2ZjBhN2U"
      "xMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIn0.9zuoj-y2yDQ"
      "5L_JxJR6qx5-roqJcRZplhONuZ0vEmjA",
      "wrong audience"},
    {"RejectsAListOfOtherAud",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOlsiYSIsImIiXSwic3ViIjoiMGI1MWIyYTMtOGYwZS00YTR"
      "lLTlkMGEtNWMxZjZmMGE3ZTExIiwiYWdlbnRfaWQiOiIwYjUxYjJhMy04ZjBlLTRhNGUtOWQwYS01YzF"
      "mNmYwYTdlMTEiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDkwMCwianRpIjoiQUFBQSJ9.xi"
      "NI0UoB1cemj-25S3rV7BL0tcHvx_bmJGITzqyUHRY",
      "wrong audience"},
    {"RejectsNoExp",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwianRpIjoiQUFBQSJ9.Dyyjl8sx7TJgSUfsKGsWJB"
      "ihg0KR9b6VJ9Pii4SgE00",
      "no iat or no exp"},
    {"RejectsAnExpThatIsText",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoiMTcwMDAwMDkwMCIsImp0aSI6IkFBQUE"
      "ifQ.dvGo7sMtKfp3uuBKd_MwEGZREdSVqYy2uANkYOpDm5c",
      "no iat or no exp"},
    {"RejectsAnExpThatIsReal",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLjUsImp0aSI6IkFBQUE"
      "ifQ.sPSG4jT_zDVyTv1A-ImtQ3RfugkPKIRozXojoGshx7g",
      "no iat or no exp"},
    {"RejectsAnExpThatHasCome",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwMDAwLCJqdGkiOiJBQUFBIn0"
      ".E18MMQJq2fsmmdlGga6me9NkU6MI6cm1kTnfQFPJTA0",
      "expired"},
    {"RejectsAStretchedExp",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAxLCJqdGkiOiJBQUFBIn0"
      ".GimQrsFGDCKb9emQHJCidKk-z3yHbnHNeQlxppJ0xD0",
      "lives longer than tokens may"},
    {"RejectsAnExpOfTheEndOfTime",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjo5MjIzMzcyMDM2ODU0Nzc1ODA3LCJqdGk"
      "iOiJBQUFBIn0.945Of4GDak8I0TOZMl9fegPKcARE3pi3qYv0sgKt6zo",
      "lives longer than tokens may"},
    {"RejectsNoIat",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImV4cCI6MTcwMDAwMDkwMCwianRpIjoiQUFBQSJ9.4Aa4AK1xR3uycChATNGLTe"
      "35ZyQea42lz_tgcqjQAz8",
      "no iat or no exp"},
    {"RejectsAnIatOfTheFuture",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDA2MSwiZXhwIjoxNzAwMDAwMTAwLCJqdGkiOiJBQUFBIn0"
      ".eL90bNMoaKkd-tdtbUl-qtVi9AbO3Q9cKGVmjKAWsYw",
      "issued in the future"},
    {"RejectsAnIatBeforeTime",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6LTEsImV4cCI6MTcwMDAwMDkwMCwianRpIjoiQUFBQSJ9.3zCtGhITA7"
      "dQKO0bsMmq5C3QvwZfDEtRi-PdsLWlTHk",
      "lives longer than tokens may"},
    {"RejectsAnNbfOfTheFuture",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIiw"
      "ibmJmIjoxNzAwMDAwMDAxfQ.iIW1kPqLTD30Y0MRgjUOrLxFkwD1_VD-cVvI2O5gjVk",
      "not valid yet"},
    {"RejectsAnNbfThatIsText",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIiw"
      "ibmJmIjoibm93In0.KQpIPO6e__Hl3tvE9WZJrEjACphkDwkT9l_uLSMbEFU",
      "not valid yet"},
    {"RejectsNoSub",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLTh"
      "mMGUtNGE0ZS05ZDBhLTVjMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTA"
      "wLCJqdGkiOiJBQUFBIn0.iFeQouS8upxHgcH7vpMZr9-MTD_noyZ1J5LFmxHcgBo",
      "sub and agent_id differ"},
    {"RejectsASubThatIsNotTheAgent",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIxYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiJBQUFBIn0"
      ".0GgMboxGmKFd0_k0-rEnoSv2qS-htYM5xMvXBRWZvmQ",
      "sub and agent_id differ"},
    {"RejectsASubThatIsNoId",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiJhZG1pbiIsImFnZW50X2l"
      "kIjoiYWRtaW4iLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDkwMCwianRpIjoiQUFBQSJ9.0-"
      "aTOlHXekosLpgl7VzZsUv3WCyJpYrBLB3u4H7IW-k",
      "sub is not an agent's id"},
    {"RejectsNoJti",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwfQ.5mLieW0bbvK1Keie"
      "gtQN-5kq539QTPkZ5eW5RDDKPOw",
      "no jti"},
    {"RejectsAnEmptyJti",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiIifQ.vRbL"
      "Az0sRYWPOduvyvFJ4MidHXQpXEntYUqtlDBgxRc",
      "no jti"},
    {"RejectsAJtiThatIsANumber",
      HEADER ".eyJpc3MiOiJhZ2VudGF1dGgiLCJhdWQiOiJhZ2VudGF1dGgiLCJzdWIiOiIwYjUxYjJhMy04ZjBlLTR"
      "hNGUtOWQwYS01YzFmNmYwYTdlMTEiLCJhZ2VudF9pZCI6IjBiNTFiMmEzLThmMGUtNGE0ZS05ZDBhLTV"
      "jMWY2ZjBhN2UxMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOjd9.V4Hh8U"
      "EElNLLTM7UeU4Xab9KzJzscEF2Fa-UjEOKEQM",
      "no jti"},
};

#undef HEADER
#undef PAYLOAD
#undef SIGNATURE
// clang-format on

}  // namespace agentauth::cases
