"""VETUMA messages: made, signed and checked, from nothing but the standard library.

Everything is ISO-8859-1. A message is a list of (name, value) in the order in which the values
are signed.
"""

import hashlib
import hmac
import os
import re
import time
import urllib.parse
from datetime import datetime

# Finnish time, by its rule rather than by the machine's files.
os.environ["TZ"] = "EET-2EEST,M3.5.0/3,M10.5.0/4"
time.tzset()

# What VETUMA gave the municipality: RCVID and key of the shared secret, and the configuration's
# name. This is the published test secret; it opens nothing.
SECRET = "TESTIASIAKAS11-873C992B8C4C01EC8355500CAA709B37EA43BC2E591ABF29FEE5EAFE4DCBFA35"
AP = "TESTIASIAKAS1"

# An answer is good for so many seconds.
MAX_AGE = 600
# No honest message is longer, in bytes.
MAX_LENGTH = 16384

# What an answer to PAY may have, in the order of the MAC.
PAY_ANSWER = (
    "RCVID", "TIMESTMP", "SO", "LG", "RETURL", "CANURL", "ERRURL", "PAYID", "REF", "ORDNR",
    "PAID", "STATUS", "TRID",
)
# What it must have.
PAY_ANSWER_NEEDS = set(PAY_ANSWER) - {"REF", "ORDNR", "TRID"}

CHECK_ANSWER = PAY_ANSWER + ("PAYM_STATUS", "PAYM_AMOUNT", "PAYM_CURRENCY")
CHECK_ANSWER_NEEDS = PAY_ANSWER_NEEDS | {"PAYM_STATUS", "PAYM_AMOUNT", "PAYM_CURRENCY"}

# Where each outcome is told.
ADDRESS_OF = {
    "SUCCESSFUL": "RETURL",
    "CANCELLED": "CANURL",
    "REJECTED": "ERRURL",
    "ERROR": "ERRURL",
    "FAILURE": "ERRURL",
}


def rcvid():
    return SECRET.rpartition("-")[0]


class Refused(Exception):
    """A message that is not believed, and why."""


def mac(values):
    """The MAC over values in their order."""
    text = "".join(value + "&" for value in values) + SECRET + "&"
    return hashlib.sha256(text.encode("latin-1")).hexdigest().upper()


def signed(message):
    """The message with its MAC behind it."""
    return message + [("MAC", mac(value for _, value in message))]


def timestamp():
    return datetime.now().strftime("%Y%m%d%H%M%S%f")[:17]


def age(stamp):
    """Seconds since a TIMESTMP."""
    if not re.fullmatch(r"\d{17}", stamp):
        raise Refused("TIMESTMP is not 17 digits")
    try:
        then = datetime.strptime(stamp[:14], "%Y%m%d%H%M%S")
    except ValueError:
        raise Refused("TIMESTMP is no time") from None
    return time.time() - time.mktime(then.timetuple())


def with_check_digit(digits):
    """A reference number: 7-3-1 from the right."""
    total = sum(int(digit) * (7, 3, 1)[at % 3] for at, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def encode(message):
    """The message as a form body."""
    return urllib.parse.urlencode(message, encoding="latin-1").encode("ascii")


def decode(body):
    """Names and values of a form body, in the order in which they came."""
    if len(body) > MAX_LENGTH:
        raise Refused("the message is too long")
    pairs = []
    for pair in filter(None, body.split(b"&")):
        name, _, value = pair.partition(b"=")
        pairs.append((unquote(name), unquote(value)))
    return pairs


def unquote(text):
    return urllib.parse.unquote_to_bytes(text.replace(b"+", b" ")).decode("latin-1")


def read_answer(body, names, needed):
    """The parameters of an answer by name, once its MAC holds."""
    pairs = decode(body)
    answer = dict(pairs)
    if len(answer) != len(pairs):
        raise Refused("a parameter is there more than once")
    received = answer.pop("MAC", "")
    if set(answer) - set(names) or needed - set(answer):
        raise Refused("it does not have the parameters of an answer")
    if answer["RCVID"] != rcvid():
        raise Refused("RCVID is not ours")
    if not re.fullmatch("[0-9A-F]{64}", received):
        raise Refused("MAC is not 64 hexadecimal digits")
    if any("&" in value for name, value in answer.items() if not name.endswith("URL")):
        raise Refused("a parameter holds &")
    right = mac(answer[name] for name in names if name in answer)
    if not hmac.compare_digest(right, received):
        raise Refused("MAC does not hold")
    if abs(age(answer["TIMESTMP"])) > MAX_AGE:
        raise Refused("TIMESTMP is not of now")
    return answer


def compare(answer, call, names):
    """Refuses an answer in which something is not as in the call."""
    for name in names:
        if answer.get(name, call.get(name)) != call.get(name):
            raise Refused(name + " is not the call's")
