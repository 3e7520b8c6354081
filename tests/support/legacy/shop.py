"""A summer camp's registration as municipalities had them in 2009: it takes payments by VETUMA.

It knows nothing of what answers at the other end; its pages and forms are ISO-8859-1.

    python3 shop.py --listen 127.0.0.1:8090 --vetuma http://127.0.0.1:8081/VETUMAPayment/
"""

import argparse
import html
import itertools
import secrets
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

import messages
from messages import Refused

APPLICATION = "Ähtärin kesäleirit"

# What the order form has in its fields at first, each letter of the alphabet's end in each.
DEFAULTS = (
    ("AM", "Summa", "49,90"),
    ("MSGFORM", "Mistä", "Åsan ja Öllin kesäleiri, äöåÄÖÅ"),
    ("MSGBUYER", "Viesti maksajalle", "Kiitos, äöåÄÖÅ"),
    ("MSGSELLER", "Viesti saajalle", "Leirimaksu, äöåÄÖÅ"),
    ("SO", "Tapa", ""),
    ("SOLIST", "Tavat", "P,L"),
    ("LG", "Kieli", "fi"),
)

# Where answers come to.
ADDRESSES = {"/vetuma/ok": "RETURL", "/vetuma/peru": "CANURL", "/vetuma/virhe": "ERRURL"}


class Order:
    """A registration that is to be paid, with the call that went out for it."""

    def __init__(self, number, call):
        self.number = number
        self.call = dict(call)
        self.state = "maksamatta"
        self.booked = 0
        self.archive_id = ""
        self.log = []


class Orders:
    """All registrations, in memory. Numbers begin with the time, so that none is ever used again."""

    def __init__(self):
        self._orders = {}
        self._numbers = itertools.count(int(time.time()) % 900_000_000 + 100_000_000)
        self._lock = Lock()

    def __iter__(self):
        return iter(list(self._orders.values()))

    def get(self, number):
        return self._orders.get(number)

    def add(self, base, wanted):
        number = str(next(self._numbers))
        call = pay_call(base, number, wanted)
        order = self._orders[number] = Order(number, call)
        return order

    def of(self, answer):
        """The order that an answer is about: by TRID, which is in every call of ours."""
        for order in self:
            if order.call["TRID"] == answer.get("TRID"):
                return order
        raise Refused("TRID is of no call of ours")

    def take(self, address, body):
        """Believes an answer that came to an address, or refuses it, and books at most once."""
        answer = messages.read_answer(body, messages.PAY_ANSWER, messages.PAY_ANSWER_NEEDS)
        order = self.of(answer)
        compare = ("LG", "RETURL", "CANURL", "ERRURL", "TRID", "REF", "ORDNR")
        messages.compare(answer, order.call, compare)
        if not {"REF", "ORDNR"} & set(answer):
            raise Refused("neither REF nor ORDNR is there")
        status = answer["STATUS"]
        if messages.ADDRESS_OF.get(status) != address:
            raise Refused(status + " does not belong to " + address)
        with self._lock:
            order.log.append(status)
            if status == "SUCCESSFUL" and not order.booked:
                order.booked += 1
                order.state = "maksettu"
                order.archive_id = answer["PAID"]
            elif not order.booked:
                order.state = {"CANCELLED": "peruttu", "REJECTED": "hylätty"}.get(status, "virhe")
        return order


def head(base, function, wanted):
    """What all calls begin with."""
    addresses = {name: base + path for path, name in ADDRESSES.items()}
    return [
        ("RCVID", messages.rcvid()),
        ("APPID", "kesäleirit"),
        ("TIMESTMP", messages.timestamp()),
        ("SO", wanted["SO"]),
        ("SOLIST", wanted["SOLIST"]),
        ("TYPE", "PAYMENT"),
        ("AU", function),
        ("LG", wanted["LG"]),
        *addresses.items(),
        ("AP", messages.AP),
    ]


def pay_call(base, number, wanted):
    transaction = "ÄÖÅ " + secrets.token_hex(8)
    return head(base, "PAY", wanted) + [
        ("APPNAME", APPLICATION),
        ("AM", wanted["AM"]),
        ("REF", messages.with_check_digit(number)),
        ("ORDNR", number),
        ("MSGBUYER", wanted["MSGBUYER"]),
        ("MSGSELLER", wanted["MSGSELLER"]),
        ("MSGFORM", wanted["MSGFORM"]),
        # One value for both: which of them is signed first was never published.
        ("TRID", transaction),
        ("PAYM_CALL_ID", transaction),
    ]


def check_call(base, order):
    again = {name: order.call[name] for name in ("SOLIST", "LG")}
    transaction = order.call["TRID"]
    return head(base, "CHECK", {"SO": "", **again}) + [
        ("TRID", transaction),
        ("PAYM_CALL_ID", transaction),
    ]


def ask(query_address, base, order):
    """What VETUMA says of a payment whose user never came back."""
    call = messages.encode(messages.signed(check_call(base, order)))
    with urllib.request.urlopen(query_address, call, timeout=10) as reply:
        body = reply.read(messages.MAX_LENGTH + 1)
    answer = messages.read_answer(body, messages.CHECK_ANSWER, messages.CHECK_ANSWER_NEEDS)
    messages.compare(answer, order.call, ("TRID", "REF", "ORDNR"))
    if answer["PAYM_STATUS"] == "OK_VERIFIED" and answer["PAYM_AMOUNT"] != order.call["AM"]:
        raise Refused("PAYM_AMOUNT is not the call's AM")
    return answer["PAYM_STATUS"]


def escaped(text):
    return html.escape(text, quote=True)


def order_form():
    fields = "".join(
        f'<p><label>{label} <input name="{name}" value="{escaped(value)}" size="50"></label></p>'
        for name, label, value in DEFAULTS
    )
    return (
        '<form method="post" action="/order" accept-charset="ISO-8859-1">'
        f"{fields}<p><button>Ilmoittaudu</button></p></form>"
        '<p><a href="/orders">Ilmoittautumiset</a></p>'
    )


def call_form(vetuma, order):
    call = messages.signed(list(order.call.items()))
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escaped(value)}">' for name, value in call
    )
    return (
        f"<p>Ilmoittautuminen {order.number}: {escaped(order.call['AM'])} euroa.</p>"
        f'<form method="post" action="{escaped(vetuma)}" accept-charset="ISO-8859-1">'
        f"{hidden}<p><button>Siirry maksamaan</button></p></form>"
    )


def order_page(order, note=""):
    return (
        f"{note}<dl><dt>Numero</dt><dd>{order.number}</dd><dt>Mistä</dt>"
        f"<dd>{escaped(order.call['MSGFORM'])}</dd><dt>Tila</dt><dd>{order.state}</dd>"
        f"<dt>Kirjauksia</dt><dd>{order.booked}</dd><dt>Arkistointitunnus</dt>"
        f"<dd>{escaped(order.archive_id)}</dd></dl>"
        f'<form method="post" action="/order/{order.number}/check">'
        "<p><button>Kysy maksusta</button></p></form>"
        '<p><a href="/orders">Ilmoittautumiset</a></p>'
    )


def orders_page(orders):
    rows = "".join(
        f'<tr><td><a href="/order/{order.number}">{order.number}</a></td>'
        f"<td>{escaped(order.call['MSGFORM'])}</td><td>{escaped(order.call['AM'])}</td>"
        f"<td>{order.state}</td><td>{order.booked}</td><td>{' '.join(order.log)}</td></tr>"
        for order in orders
    )
    heads = "".join(
        f"<th>{name}</th>" for name in ("Numero", "Mistä", "Summa", "Tila", "Kirjauksia", "Loki")
    )
    return f"<table><tr>{heads}</tr>{rows}</table>"


class Handler(BaseHTTPRequestHandler):
    """One request. What the shop is made of hangs on the server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        shop = self.server
        if self.path == "/":
            return self.page("Ilmoittautuminen", order_form())
        if self.path == "/favicon.ico":
            return self.empty(204)
        if self.path == "/orders":
            return self.page("Ilmoittautumiset", orders_page(shop.orders))
        if self.path.startswith("/order/"):
            order = shop.orders.get(self.path.split("/")[2])
            if order:
                return self.page("Ilmoittautuminen", order_page(order))
        return self.page("Sivua ei ole", "", 404)

    def do_POST(self):
        try:
            self.post(self.body())
        except Refused as why:
            print("refused:", why, file=sys.stderr, flush=True)
            self.page("Vastausta ei voitu lukea", f"<p>{escaped(str(why))}</p>", 400)

    def post(self, body):
        shop = self.server
        if self.path == "/order":
            wanted = {name: value for name, _, value in DEFAULTS} | dict(messages.decode(body))
            order = shop.orders.add(shop.base, wanted)
            return self.page("Maksaminen", call_form(shop.vetuma, order))
        if self.path in ADDRESSES:
            order = shop.orders.take(ADDRESSES[self.path], body)
            # So that loading the page anew sends nothing again.
            return self.empty(303, ("Location", f"/order/{order.number}"))
        if self.path.startswith("/order/") and self.path.endswith("/check"):
            return self.check(shop.orders.get(self.path.split("/")[2]))
        return self.page("Sivua ei ole", "", 404)

    def check(self, order):
        if not order:
            return self.page("Sivua ei ole", "", 404)
        shop = self.server
        try:
            note = "VETUMA: " + ask(shop.query, shop.base, order)
        except (Refused, OSError) as why:
            note = f"VETUMA ei vastannut: {why}"
        return self.page("Ilmoittautuminen", order_page(order, f"<p>{escaped(note)}</p>"))

    def empty(self, status, *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def body(self):
        length = int(self.headers.get("Content-Length", 0))
        # One byte more tells that a message is too long; the rest is left unread.
        self.close_connection = length > messages.MAX_LENGTH
        return self.rfile.read(min(length, messages.MAX_LENGTH + 1))

    def page(self, title, content, status=200):
        text = (
            '<!DOCTYPE html>\n<html lang="fi"><head><meta charset="ISO-8859-1">'
            f"<title>{title}</title></head>"
            f"<body><h1>{title}</h1>{content}</body></html>\n"
        )
        body = text.encode("latin-1")
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=ISO-8859-1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing of every request."""


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--listen", default="127.0.0.1:8090")
    arguments.add_argument("--vetuma", required=True, help="where calls to PAY are posted")
    arguments.add_argument("--query", help="where CHECK is asked; VETUMA's address and Query else")
    arguments.add_argument("--secret", default=messages.SECRET)
    arguments.add_argument("--ap", default=messages.AP)
    given = arguments.parse_args()
    messages.SECRET, messages.AP = given.secret, given.ap
    host, _, port = given.listen.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    server.daemon_threads = True
    server.base = "http://" + given.listen
    server.vetuma = given.vetuma
    server.query = given.query or given.vetuma + "Query"
    server.orders = Orders()
    print("legacy shop: listening on " + server.base, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
