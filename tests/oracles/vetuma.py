"""The old shop's own VETUMA code, held against the vectors: it is to be a party of its own."""

import json
import sys
import unittest
from pathlib import Path
from unittest import mock

TESTS = Path(__file__).parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(TESTS / "support/legacy"))

import messages  # noqa: E402


def vectors(name):
    """The tests of a vectors file, each with its fields as pairs."""
    tests = json.loads((TESTS / f"vectors/vetuma-{name}.json").read_text())["tests"]
    for test in tests:
        pairs = [(field["name"], field["value"]) for field in test["fields"]]
        yield test, pairs


def refusal(test, pairs, mac):
    """Why an answer to PAY with this MAC is refused; all vectors are years old."""
    body = messages.encode([*pairs, ("MAC", mac)])
    with mock.patch.object(messages, "SECRET", test["secret"]):
        try:
            messages.read_answer(body, messages.PAY_ANSWER, messages.PAY_ANSWER_NEEDS)
        except messages.Refused as why:
            return str(why)
    return None


class OldShop(unittest.TestCase):
    def test_it_makes_the_mac_of_every_vector(self):
        made = 0
        for test, pairs in vectors("mac"):
            with self.subTest(test["name"]), mock.patch.object(messages, "SECRET", test["secret"]):
                self.assertEqual(messages.mac(value for _, value in pairs), test["mac"])
                made += 1
        self.assertGreater(made, 30)

    def test_it_believes_the_mac_of_every_answer_to_pay(self):
        believed = 0
        for test, pairs in vectors("mac"):
            if (test["kind"], test["function"]) == ("response", "PAYMENT/PAY"):
                with self.subTest(test["name"]):
                    self.assertEqual(refusal(test, pairs, test["mac"]), "TIMESTMP is not of now")
                    believed += 1
        self.assertGreater(believed, 8)

    def test_it_refuses_what_must_be_rejected(self):
        refused = 0
        for test, pairs in vectors("must-reject"):
            if test["kind"] == "response":
                with self.subTest(test["name"]):
                    self.assertRegex(refusal(test, pairs, test["received_mac"]), "^MAC ")
                    refused += 1
        self.assertGreater(refused, 5)

    def test_its_references_have_the_check_digit(self):
        self.assertEqual(messages.with_check_digit("123456"), "1234561")
        self.assertEqual(messages.with_check_digit("20240001"), "202400013")


if __name__ == "__main__":
    unittest.main(verbosity=2)
