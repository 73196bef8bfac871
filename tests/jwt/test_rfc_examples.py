"""The examples that the standards print: what verifies, and what we refuse.

Keys and tokens are facts of RFC 7515 appendix A, RFC 7520 sections 3 and 4,
RFC 7517 appendix A, RFC 7638 section 3.1, RFC 7797 section 4 and RFC 8037
appendix A.
"""

import json
import typing as t
from base64 import urlsafe_b64decode
from collections.abc import Callable
from collections.abc import Mapping

import pytest
from werkzeug.test import TestResponse

from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import TokenInvalidError

Jwk = Mapping[str, str]

# ---- RFC 7515, appendix A: the keys, and what is signed

SECRET = {
    "kty": "oct",
    "k": (
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcg"
        "UuTwjAzZr1Z9CAow"
    ),
}
RSA = {
    "kty": "RSA",
    "n": (
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4"
        "qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2j"
        "Z47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7W"
        "TBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK"
        "-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    ),
    "e": "AQAB",
    "d": (
        "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKM"
        "gvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaY"
        "LU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0"
        "ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDV"
        "ZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ"
    ),
    "p": (
        "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58B"
        "Q3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn"
        "-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc"
    ),
    "q": (
        "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1"
        "ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTl"
        "tRJ11BKBBypeeF6689rjcJIDEz9RWdc"
    ),
    "dp": (
        "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9Ykx"
        "vuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vn"
        "eTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0"
    ),
    "dq": (
        "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB"
        "719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZ"
        "nOZ68m6_pbLBSp3nssTdlqvd0tIiTHU"
    ),
    "qi": (
        "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq"
        "2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgf"
        "p_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"
    ),
}
P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
}
P521 = {
    "kty": "EC",
    "crv": "P-521",
    "x": (
        "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSf"
        "S9tsz4qUxcWceqwQGk"
    ),
    "y": (
        "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZM"
        "aZmh9ubmf63e3kyMj2"
    ),
    "d": (
        "AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0"
        "ferB0d53vM9mE15j2C"
    ),
}
JOE = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"
    "c19yb290Ijp0cnVlfQ"
)
A1_SIGNATURE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
A2_SIGNATURE = (
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Q"
    "c_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTy"
    "WzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwu"
    "sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A"
    "XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)
A3_SIGNATURE = (
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqP"
    "P3-Kg6NU1Q"
)
A4_SIGNATURE = (
    "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB"
    "34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNr"
    "mxYbSW9ERBXukOXolLzeO_Jn"
)
# ---- RFC 7517 A.1, RFC 7638 3.1, RFC 8037 A

THUMBED = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7"
        "aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXA"
        "rwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7"
        "d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lF"
        "d2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    ),
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
ED25519 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
ED_SIGNATURE = (
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvp"
    "Ar_MuM0KAg"
)
# ---- RFC 7520, sections 3 and 4

HOBBIT_RSA = {
    "kty": "RSA",
    "kid": "bilbo.baggins@hobbiton.example",
    "use": "sig",
    "n": (
        "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJW"
        "TDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dAp"
        "r5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFH"
        "pPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLq"
        "KnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"
    ),
    "e": "AQAB",
    "d": (
        "bWUC9B-EFRIo8kpGfh0ZuyGPvMNKvYWNtB_ikiH9k20eT-O1q_I78eiZkpXxXQ0UTEs2Ls"
        "NRS-8uJbvQ-A1irkwMSMkK1J3XTGgdrhCku9gRldY7sNA_AKZGh-Q661_42rINLRCe8W-n"
        "Z34ui_qOfkLnK9QWDDqpaIsA-bMwWWSDFu2MUBYwkHTMEzLYGqOe04noqeq1hExBTHBOBd"
        "kMXiuFhUq1BU6l-DqEiWxqg82sXt2h-LMnT3046AOYJoRioz75tSUQfGCshWTBnP5uDjd1"
        "8kKhyv07lhfSJdrPdM5Plyl21hsFf4L_mHCuoFau7gdsPfHPxxjVOcOpBrQzwQ"
    ),
    "p": (
        "3Slxg_DwTXJcb6095RoXygQCAZ5RnAvZlno1yhHtnUex_fp7AZ_9nRaO7HX_-SFfGQeuta"
        "o2TDjDAWU4Vupk8rw9JR0AzZ0N2fvuIAmr_WCsmGpeNqQnev1T7IyEsnh8UMt-n5Cafhki"
        "kzhEsrmndH6LxOrvRJlsPp6Zv8bUq0k"
    ),
    "q": (
        "uKE2dh-cTf6ERF4k4e_jy78GfPYUIaUyoSSJuBzp3Cubk3OCqs6grT8bR_cu0Dm1MZwWmt"
        "dqDyI95HrUeq3MP15vMMON8lHTeZu2lmKvwqW7anV5UzhM1iZ7z4yMkuUwFWoBvyY898EX"
        "vRD-hdqRxHlSqAZ192zB3pVFJ0s7pFc"
    ),
    "dp": (
        "B8PVvXkvJrj2L-GYQ7v3y9r6Kw5g9SahXBwsWUzp19TVlgI-YV85q1NIb1rxQtD-IsXXR3"
        "-TanevuRPRt5OBOdiMGQp8pbt26gljYfKU_E9xn-RULHz0-ed9E9gXLKD4VGngpz-PfQ_q"
        "29pk5xWHoJp009Qf1HvChixRX59ehik"
    ),
    "dq": (
        "CLDmDGduhylc9o7r84rEUVn7pzQ6PF83Y-iBZx5NT-TpnOZKF1pErAMVeKzFEl41DlHHqq"
        "BLSM0W1sOFbwTxYWZDm6sI6og5iTbwQGIC3gnJKbi_7k_vJgGHwHxgPaX2PnvP-zyEkDER"
        "uf-ry4c_Z11Cq9AqC2yeL6kdKT1cYF8"
    ),
    "qi": (
        "3PiqvXQN0zwMeE-sBvZgi289XP9XCQF3VWqPzMKnIgQp7_Tugo6-NZBKCQsMf3HaEGBjTV"
        "Js_jcK8-TRXvaKe-7ZMaQj8VfBdYkssbu0NKDDhjJ-GtiseaDVWt7dcH0cfwxgFUHpQh7F"
        "oCrjFJ6h6ZEpMF6xmujs4qMpPz8aaI4"
    ),
}
HOBBIT_EC = {
    "kty": "EC",
    "kid": "bilbo.baggins@hobbiton.example",
    "use": "sig",
    "crv": "P-521",
    "x": (
        "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF"
        "-7ytDyRXYgCF5cj0Kt"
    ),
    "y": (
        "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJ"
        "mbnX9cwlGfP-HqHZR1"
    ),
    "d": (
        "AAhRON2r9cqXX1hg-RoI6R1tX5p2rUAYdmpHZoC1XNM56KtscrX6zbKipQrCW9CGZH3T4u"
        "bpnoTKLDYJ_fF3_rJt"
    ),
}
HOBBIT_MAC = {
    "kty": "oct",
    "kid": "018c0ae5-4d9b-471b-bfd6-eef314bc7037",
    "use": "sig",
    "alg": "HS256",
    "k": "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
}
HOBBIT_ENC = {
    "kty": "oct",
    "kid": "1e571774-2e08-40da-8308-e8d68773842d",
    "use": "enc",
    "alg": "A256GCM",
    "k": "AAPapAv4LbFbiVawEjagUBluYqN5rhna-8nuldDvOx8",
}
FRODO = (
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4g"
    "WW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwg"
    "dGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4"
)
S41_HEAD = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9"
S41_SIGNATURE = (
    "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwz"
    "JdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746"
    "iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW"
    "3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ4"
    "1Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg"
)
S42_HEAD = "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9"
S42_SIGNATURE = (
    "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklH"
    "kqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVs"
    "diNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjv"
    "AA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOc"
    "bH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw"
)
S43_HEAD = "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9"
S43_SIGNATURE = (
    "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNE"
    "uT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsb"
    "EPX6sFY8OcGDqoRuBomu9xQ2"
)
S44_HEAD = (
    "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9"
)
S44_SIGNATURE = "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0"
S46_SIGNATURE = "bWUSVaxorn7bEF1djytBd0kHv70Ly5pvbomzMWSOr20"
S47_SIGNATURE = "xuLifqLGiblpv9zBpuZczWhNj1gARaLV3UxvxhJxZuk"
S48_RSA_SIGNATURE = (
    "MIsjqtVlOpa71KE-Mss8_Nq2YH4FGhiocsqrgi5NvyG53uoimic1tcMdSg-qptrzZc7CG6Svw2Y1"
    "3TDIqHzTUrL_lR2ZFcryNFiHkSw129EghGpwkpxaTn_THJTCglNbADko1MZBCdwzJxwqZc-1RlpO"
    "2HibUYyXSwO97BSe0_evZKdjvvKSgsIqjytKSeAMbhMBdMma622_BG5t4sdbuCHtFjp9iJmkio47"
    "AIwqkZV1aIZsv33uPUqBBCXbYoQJwt7mxPftHmNlGoOSMxR_3thmXTCm4US-xiNOyhbm8afKK64j"
    "U6_TPtQHiJeQJxz9G3Tx-083B745_AfYOnlC9w"
)
S48_EC_SIGNATURE = (
    "ARcVLnaJJaUWG8fG-8t5BREVAuTY8n8YHjwDO1muhcdCoFZFFjfISu0Cdkn9Ybdlmi54ho0x924D"
    "Uz8sK7ZXkhc7AFM8ObLfTvNCrqcI3Jkl2U5IX3utNhODH6v7xgy1Qahsn0fyb4zSAkje8bAWz4vI"
    "fj5pCMYxxm4fgV3q7ZYhm5eD"
)

UNSECURED = f"eyJhbGciOiJub25lIn0.{JOE}."
JOE_CLAIMS = {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
PRIVATE = ("d", "p", "q", "dp", "dq", "qi")


class Example(t.NamedTuple):
    """A compact token of a standard, and the key and algorithm it is of."""

    jwk: Jwk
    alg: str
    head: str
    payload: str
    signature: str

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        return f"{self.head}.{self.payload}".encode()

    @property
    def token(self) -> str:
        """The compact form."""
        return f"{self.head}.{self.payload}.{self.signature}"


# A JSON object is signed: these are tokens.
A1 = Example(
    SECRET, "HS256", "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", JOE, A1_SIGNATURE
)
A2 = Example(RSA, "RS256", "eyJhbGciOiJSUzI1NiJ9", JOE, A2_SIGNATURE)
A3 = Example(P256, "ES256", "eyJhbGciOiJFUzI1NiJ9", JOE, A3_SIGNATURE)
TOKENS = [
    pytest.param(A1, id="7515-A.1-HS256"),
    pytest.param(A2, id="7515-A.2-RS256"),
    pytest.param(A3, id="7515-A.3-ES256"),
]
# A text is signed: the signatures are good, and a token says claims.
TEXTS = [
    pytest.param(
        Example(P521, "ES512", "eyJhbGciOiJFUzUxMiJ9", "UGF5bG9hZA", A4_SIGNATURE),
        id="7515-A.4-ES512",
    ),
    pytest.param(
        Example(
            ED25519,
            "EdDSA",
            "eyJhbGciOiJFZERTQSJ9",
            "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            ED_SIGNATURE,
        ),
        id="8037-A.4-EdDSA",
    ),
    pytest.param(
        Example(HOBBIT_RSA, "RS256", S41_HEAD, FRODO, S41_SIGNATURE),
        id="7520-4.1-RS256",
    ),
    pytest.param(
        Example(HOBBIT_RSA, "PS384", S42_HEAD, FRODO, S42_SIGNATURE),
        id="7520-4.2-PS384",
    ),
    pytest.param(
        Example(HOBBIT_EC, "ES512", S43_HEAD, FRODO, S43_SIGNATURE),
        id="7520-4.3-ES512",
    ),
    pytest.param(
        Example(HOBBIT_MAC, "HS256", S44_HEAD, FRODO, S44_SIGNATURE),
        id="7520-4.4-HS256",
    ),
    pytest.param(
        Example(HOBBIT_MAC, "HS256", "eyJhbGciOiJIUzI1NiJ9", FRODO, S46_SIGNATURE),
        id="7520-4.6-HS256",
    ),
    pytest.param(
        Example(HOBBIT_RSA, "RS256", "eyJhbGciOiJSUzI1NiJ9", FRODO, S48_RSA_SIGNATURE),
        id="7520-4.8-RS256",
    ),
]
ALL = TOKENS + TEXTS


def _public(jwk: Jwk) -> Jwk:
    return {name: jwk[name] for name in jwk if name not in PRIVATE}


def _decoded(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _refusal(keys: KeySet, token: str) -> str:
    with pytest.raises(TokenInvalidError) as info:
        keys.verify(token)

    return info.value.reason


@pytest.mark.parametrize("example", ALL)
def test_the_signatures_of_the_standards_are_good(example: Example) -> None:
    """By the whole key and by its public half; a changed bit is noticed."""
    signature = _decoded(example.signature)
    changed = bytes([signature[0] ^ 1]) + signature[1:]

    for jwk in (example.jwk, _public(example.jwk)):
        key = Key.load(jwk, alg=example.alg)
        assert key.alg == example.alg
        assert key.verify(example.signed, signature)
        assert not key.verify(example.signed, changed)
        assert not key.verify(example.signed + b"A", signature)


@pytest.mark.parametrize("example", ALL)
def test_what_we_sign_is_what_the_standards_print(example: Example) -> None:
    """Byte for byte; PSS and ECDSA are random, so what they make verifies."""
    key = Key.load(example.jwk, alg=example.alg)
    made = key.sign(example.signed)

    if example.alg.startswith(("PS", "ES")):
        assert made != _decoded(example.signature)
        assert key.verify(example.signed, made)
    else:
        assert made == _decoded(example.signature)


@pytest.mark.parametrize("example", TOKENS)
def test_the_tokens_of_the_standards_verify(example: Example) -> None:
    """Header and claims are as printed, white space and line breaks included."""
    keys = KeySet(Key.load(_public(example.jwk), alg=example.alg))
    header, claims = keys.verify(example.token)

    assert header["alg"] == example.alg
    assert claims == JOE_CLAIMS
    assert _refusal(keys, f"{example.head}.{JOE}.AAAA") == "signature"


@pytest.mark.parametrize("example", TOKENS)
def test_the_tokens_of_the_standards_open_no_door(
    example: Example, ask: Callable[..., TestResponse]
) -> None:
    """They name no kind that we take (RFC 8725 section 3.11), and an issuer."""
    answer = ask(example.token)

    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["detail"] == "The token is invalid"


@pytest.mark.parametrize("example", TEXTS)
def test_a_good_signature_over_a_text_is_no_token(example: Example) -> None:
    """RFC 7519 section 7.2 step 10: the payload is a JSON object."""
    keys = KeySet(Key.load(_public(example.jwk), alg=example.alg))

    assert _refusal(keys, example.token) == "json"


@pytest.mark.parametrize("example", TOKENS)
def test_the_algorithm_of_an_example_is_that_of_its_key(example: Example) -> None:
    """RFC 8725 section 3.1: a key that was loaded for another one refuses it."""
    other = {"HS256": "HS512", "RS256": "PS256"}.get(example.alg)

    if other is None:
        with pytest.raises(ValueError, match="does not fit a key of kind P-256"):
            Key.load(example.jwk, alg="ES384")
    else:
        keys = KeySet(Key.load(example.jwk, alg=other))
        assert _refusal(keys, example.token) == "alg"


def test_an_unsecured_token_is_none() -> None:
    """RFC 7515 A.5 and RFC 7519 6.1: neither without nor with a signature."""
    keys = KeySet(Key.load(SECRET))

    assert _refusal(keys, UNSECURED) == "malformed"
    assert _refusal(keys, UNSECURED + A1_SIGNATURE) == "alg"


GENERAL: t.Any = {
    "payload": JOE,
    "signatures": [
        {
            "protected": A2.head,
            "header": {"kid": "2010-12-29"},
            "signature": A2.signature,
        },
        {
            "protected": A3.head,
            "header": {"kid": "e9bc097a-ce51-4036-9562-d2ade882db0d"},
            "signature": A3.signature,
        },
    ],
}
FLATTENED: t.Any = {
    "payload": JOE,
    "protected": A3.head,
    "header": {"kid": "e9bc097a-ce51-4036-9562-d2ade882db0d"},
    "signature": A3.signature,
}
CONTENT_ONLY: t.Any = {
    "payload": FRODO,
    "header": {"alg": "HS256", "kid": HOBBIT_MAC["kid"]},
    "signature": S47_SIGNATURE,
}
MULTIPLE: t.Any = {
    "payload": FRODO,
    "signatures": [
        {
            "protected": "eyJhbGciOiJSUzI1NiJ9",
            "header": {"kid": HOBBIT_RSA["kid"]},
            "signature": S48_RSA_SIGNATURE,
        },
        {
            "header": {"alg": "ES512", "kid": HOBBIT_EC["kid"]},
            "signature": S48_EC_SIGNATURE,
        },
        {"protected": S44_HEAD, "signature": S44_SIGNATURE},
    ],
}
SERIALISATIONS = [
    pytest.param(GENERAL, id="7515-A.6-general"),
    pytest.param(FLATTENED, id="7515-A.7-flattened"),
    pytest.param(CONTENT_ONLY, id="7520-4.7-no-protected-header"),
    pytest.param(MULTIPLE, id="7520-4.8-several-signatures"),
]


@pytest.mark.parametrize("document", SERIALISATIONS)
def test_json_serialisations_are_no_tokens(
    document: t.Any, ask: Callable[..., TestResponse]
) -> None:
    """RFC 7519 section 3: the compact form is the only one, whoever signed."""
    keys = KeySet(
        Key.load(P256, kid="e9bc097a-ce51-4036-9562-d2ade882db0d"),
        Key.load(RSA, kid="2010-12-29"),
        Key.load(HOBBIT_MAC),
    )

    assert _refusal(keys, json.dumps(document)) == "malformed"
    assert _refusal(keys, document) == "malformed"
    # Neither b64token nor token68: the header itself is malformed.
    assert ask(json.dumps(document)).status_code == 400


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(f"{S44_HEAD}..{S44_SIGNATURE}", "malformed", id="7520-4.5"),
        pytest.param(
            f"eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..{A1_SIGNATURE}",
            "malformed",
            id="7797-4.2-detached",
        ),
        pytest.param(
            "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19.eyJ9."
            f"{A1_SIGNATURE}",
            "crit",
            id="7797-unencoded",
        ),
    ],
)
def test_detached_and_unencoded_payloads_are_refused(token: str, reason: str) -> None:
    """A token carries its claims, as base64url."""
    assert _refusal(KeySet(Key.load(SECRET)), token) == reason


ENC_EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "use": "enc",
    "kid": "1",
}


@pytest.mark.parametrize(
    ("jwk", "message"),
    [
        pytest.param(HOBBIT_ENC, "its use is not 'sig'", id="7520-3.6-for-encryption"),
        pytest.param(ENC_EC, "its use is not 'sig'", id="7517-A.1-for-encryption"),
        pytest.param(
            {"kty": "oct", "alg": "A128KW", "k": "GawgguFyGrWKav7AX4VKUg"},
            "the alg of the JWK is not supported",
            id="7517-A.3-key-wrapping",
        ),
        pytest.param(
            {"kty": "oct", "k": "GawgguFyGrWKav7AX4VKUg"},
            "the secret has 16 bytes; HS256 needs at least 32",
            id="7518-3.2-too-short",
        ),
        pytest.param(
            {**ED25519, "crv": "X25519"}, "not a valid key", id="8037-A.6-x25519"
        ),
        pytest.param(
            {**P256, "crv": "secp256k1"}, "kty or crv that is not", id="8812-secp256k1"
        ),
    ],
)
def test_keys_of_the_standards_that_are_for_something_else(
    jwk: Jwk, message: str
) -> None:
    """They stop the start, with the reason."""
    with pytest.raises(ValueError, match=message):
        Key.load(jwk)


def test_the_kid_of_an_example_is_kept() -> None:
    """RFC 7517 section 4.5: as the key names itself."""
    assert Key.load(HOBBIT_EC).kid == "bilbo.baggins@hobbiton.example"
    assert Key.load(THUMBED).kid == "2011-04-29"


@pytest.mark.parametrize(
    ("jwk", "thumbprint"),
    [
        pytest.param(
            THUMBED, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", id="7638-3.1"
        ),
        pytest.param(
            ED25519, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", id="8037-A.3"
        ),
    ],
)
def test_a_key_without_a_kid_has_its_thumbprint(jwk: Jwk, thumbprint: str) -> None:
    """RFC 7638 section 3.1: only members of the kind count, so both halves agree."""
    unnamed = {name: jwk[name] for name in jwk if name != "kid"}

    assert Key.load(unnamed).kid == thumbprint
    assert Key.load(_public(unnamed)).kid == thumbprint
    assert Key.load({**unnamed, "use": "sig", "unknown": "x"}).kid == thumbprint


@pytest.mark.parametrize("example", ALL)
def test_a_public_half_is_the_printed_one(example: Example) -> None:
    """RFC 7517 section 8.5.1 and RFC 8037 A.2: no private member, none changed."""
    key = Key.load(example.jwk, alg=example.alg)

    if example.alg == "HS256":
        with pytest.raises(TypeError, match="must not be published"):
            key.public_jwk()
        assert KeySet(key).jwks() == {"keys": []}
    else:
        said = {"kid": key.kid, "alg": example.alg, "use": "sig"}
        assert key.public_jwk() == {**_public(example.jwk), **said}
