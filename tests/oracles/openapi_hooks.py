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
}
# What the document cannot say: the banks and the return addresses of the demo shop.
KNOWN_FIELDS = {
    "pay": {"bank": "nordea", "method": None},
    "createPayment": {
        "return_url": "http://127.0.0.1:8082/thanks",
        "selection": {"option": "all_banks"},
    },
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
    known = KNOWN_FIELDS.get(case.operation.definition.raw.get("operationId"))
    if known is not None and isinstance(case.body, dict):
        case.body = {**case.body, **known}
