"""What schemathesis is told beyond the OpenAPI document: payments and banks that exist.

Half of the requests keep what was made up. The choice depends on the request alone, so that a
seed means the same run again.
"""

import os
import random

import schemathesis
from schemathesis import GenerationMode

# What stands at a place of a path.
KNOWN = {
    "/v1/payments/{id}": os.environ["KASSA_PAYMENTS"].split(","),
    "/v1/webhooks/{id}": os.environ["KASSA_MESSAGES"].split(","),
    "/checkout/{token}": os.environ["KASSA_TOKENS"].split(","),
    "/callbacks/{provider}": ["ecommpay"],
    "/callbacks/{provider}/{attempt}": [f"{payment}-1" for payment in os.environ["KASSA_PAYMENTS"].split(",")],
}
# What an operation needs that is true of one payment only.
KNOWN_PAYMENT = {"createRefund": os.environ["KASSA_PAID"]}
# What the document cannot say: the banks and the return addresses of the demo shop.
KNOWN_FIELDS = {
    "pay": {"bank": "nordea", "method": None},
    "createPayment": {
        "return_url": "http://127.0.0.1:8082/thanks",
        "selection": {"option": "all_banks"},
    },
    "createRefund": {"amount": 1, "manual": True, "attempt": None, "reference": None, "message": None},
}


@schemathesis.hook
def before_call(context, case, kwargs):
    # A request that shall be refused stays as it is.
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    chance = random.Random(repr((case.path_parameters, case.body)))
    if chance.random() < 0.5:
        return
    for name, value in (case.path_parameters or {}).items():
        place = case.operation.path.split(f"{{{name}}}")[0] + f"{{{name}}}"
        # What an earlier answer named is as good.
        if not str(value).startswith(("pay_", "co_", "msg_")):
            case.path_parameters[name] = chance.choice(KNOWN[place])
    operation = case.operation.definition.raw.get("operationId")
    if operation in KNOWN_PAYMENT:
        case.path_parameters["id"] = KNOWN_PAYMENT[operation]
    known = KNOWN_FIELDS.get(operation)
    if known is not None and isinstance(case.body, dict):
        case.body = {**case.body, **known}
