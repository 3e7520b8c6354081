"""Our webhooks, judged by the public library `standardwebhooks` from PyPI."""

import binascii
import json
import os
import subprocess
import unittest
from datetime import datetime, timezone
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

PROGRAMS = Path(os.environ.get("KASSA_BIN_DIR", Path(__file__).parents[2] / "target/debug"))


def deliveries():
    """Webhooks that our code signed just now."""
    signed = subprocess.run([PROGRAMS / "webhooks", "sign"], check=True, capture_output=True)
    return json.loads(signed.stdout)


def verify(delivery):
    """Verifies as a shop does; what the library raises goes through."""
    headers = {
        "webhook-id": delivery["id"],
        "webhook-timestamp": str(delivery["timestamp"]),
        "webhook-signature": delivery["signature"],
    }
    return Webhook(delivery["secret"]).verify(delivery["body"].encode(), headers)


class Webhooks(unittest.TestCase):
    def test_the_library_takes_every_good_webhook_and_reads_its_body(self):
        good = [delivery for delivery in deliveries() if delivery["accepted"]]
        self.assertGreaterEqual(len(good), 27)
        for delivery in good:
            with self.subTest(delivery["name"]):
                self.assertEqual(verify(delivery), json.loads(delivery["body"]))

    def test_while_keys_change_one_header_holds_for_both_secrets(self):
        rotation = [d for d in deliveries() if d["accepted"] and " " in d["signature"]]
        self.assertEqual(len(rotation), 4)
        self.assertEqual(len({delivery["secret"] for delivery in rotation}), 2)
        for delivery in rotation:
            verify(delivery)

    def test_the_library_refuses_every_spoilt_webhook(self):
        spoilt = [delivery for delivery in deliveries() if not delivery["accepted"]]
        self.assertGreaterEqual(len(spoilt), 17)
        for delivery in spoilt:
            # A signature that is no Base64 is refused by the decoder below the library.
            with self.subTest(delivery["name"]):
                with self.assertRaises((WebhookVerificationError, binascii.Error)):
                    verify(delivery)

    def test_a_webhook_that_the_library_signs_is_taken_by_our_code(self):
        signed = [d for d in deliveries() if d["accepted"] and " " not in d["signature"]]
        for delivery in signed:
            at = datetime.fromtimestamp(delivery["timestamp"], tz=timezone.utc)
            delivery["signature"] = Webhook(delivery["secret"]).sign(delivery["id"], at, delivery["body"])
        tampered = [{**delivery, "body": delivery["body"] + " "} for delivery in signed]
        given = json.dumps(signed + tampered).encode()
        verdicts = subprocess.run(
            [PROGRAMS / "webhooks", "verify"], input=given, check=True, capture_output=True
        )
        expected = [True] * len(signed) + [False] * len(tampered)
        self.assertEqual(json.loads(verdicts.stdout), expected)


if __name__ == "__main__":
    unittest.main(verbosity=2)
