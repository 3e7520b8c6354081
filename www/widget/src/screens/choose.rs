//! Choosing: the six ways, of which each shows methods, banks, both or a single bank.

use kassa_checkout::{
    Bank, Language,
    contract::{ChooseAt, Method},
    selection::OptionName,
};

use super::{
    banks,
    element::{Element, el},
    icons, parts,
};
use crate::{
    format,
    model::{Context, Fault, Step},
    texts::fill,
};

/// The choice at `step`.
pub(super) fn view(
    root: Element,
    context: &Context<'_>,
    step: Step,
    fault: Option<Fault>,
) -> Element {
    let session = context.session;
    let mut body = el("div", "k-body");
    if let Some(fault) = fault {
        body = parts::slot(body.child(alert(context, fault)), "error");
    }
    let body = match (session.choose_at, session.option, step) {
        (ChooseAt::Provider, ..) => body.child(at_provider(context)),
        (_, OptionName::MethodThenBank, Step::Methods) => methods_first(body, context),
        (_, OptionName::MethodThenBank, Step::Banks) => banks_second(body, context),
        (_, OptionName::BanksAmongMethods, _) => among_methods(body, context),
        (_, OptionName::BanksInGroup, _) => in_group(body, context),
        (_, OptionName::SingleBank, _) => match session.banks.first() {
            Some(bank) => body.child(single(context, bank)),
            None => banks_only(body, context),
        },
        (_, OptionName::AllBanks | OptionName::NamedBanks, _) => banks_only(body, context),
    };
    root.child(body).child(parts::footer(context.texts()))
}

/// Why the last choice led nowhere.
fn alert(context: &Context<'_>, fault: Fault) -> Element {
    let texts = context.texts();
    let text = match fault {
        Fault::Provider => texts.bank_unreachable,
        Fault::NotPayable => texts.not_payable,
        Fault::Offline => texts.offline,
        Fault::Unknown | Fault::Unreachable => texts.unreachable_text,
    };
    el("p", "k-alert")
        .part("alert")
        .attr("role", "alert")
        .text(text)
}

/// Option 1, first step.
fn methods_first(body: Element, context: &Context<'_>) -> Element {
    let texts = context.texts();
    let name = el("span", "k-name")
        .text(texts.online_bank)
        .child(el("small", "").text(texts.online_bank_hint));
    let to_banks = row("step", Step::Banks.as_str())
        .attr("formmethod", "get")
        .maybe("formaction", context.page())
        .child(parts::symbol(icons::BANK, "k-h10"))
        .child(name);
    let list = el("ul", "k-banks")
        .part("banks")
        .child(el("li", "").child(to_banks));
    let form = parts::pay(context, "k-list")
        // The first step turns the page by GET, which carries the language in the query.
        .child(parts::hidden("lang", context.language.code()))
        .child(methods(list, context));
    body.child(parts::title(texts.choose_method)).child(form)
}

/// Option 1, second step: the banks, and the way back.
fn banks_second(body: Element, context: &Context<'_>) -> Element {
    let back = parts::quiet("step", Step::Methods.as_str(), context.texts().back);
    banks_only(body, context).child(parts::turn(context, back))
}

/// Option 2: one list in which the banks stand among the other methods.
fn among_methods(body: Element, context: &Context<'_>) -> Element {
    let list = methods(banks::list(context), context);
    body.child(parts::title(context.texts().choose_method))
        .children(banks::search(context))
        .child(parts::pay(context, "k-list").child(list))
        .children(banks::none_found(context))
}

/// Option 3: the banks as a group, then the others.
fn in_group(body: Element, context: &Context<'_>) -> Element {
    let texts = context.texts();
    let group = |name: &str| el("h3", "k-group").text(name);
    let mut form = parts::pay(context, "k-list")
        .child(banks::list(context))
        .children(banks::none_found(context));
    if !context.session.methods.is_empty() {
        let others = el("ul", "k-banks").part("banks");
        form = form
            .child(group(texts.other_methods))
            .child(methods(others, context));
    }
    body.child(parts::title(texts.choose_method))
        .child(group(texts.banks))
        .children(banks::search(context))
        .child(form)
}

/// Options 4 and 5: banks and nothing else.
fn banks_only(body: Element, context: &Context<'_>) -> Element {
    let texts = context.texts();
    let body = body.child(parts::title(texts.choose_bank));
    if context.session.banks.is_empty() {
        return body.child(el("p", "k-none").text(texts.no_banks));
    }
    body.children(banks::search(context))
        .child(parts::pay(context, "k-list").child(banks::list(context)))
        .children(banks::none_found(context))
}

/// Option 6: one bank, to be confirmed.
fn single(context: &Context<'_>, bank: &Bank) -> Element {
    let texts = context.texts();
    let name = bank.names.get(context.language);
    let label = parts::towards(context, name, texts.go_to, texts.go_to_unknown);
    let hint = match (context.language, format::of_bank(name)) {
        (Language::Fi, Some(inflected)) => fill(texts.go_hint, &inflected),
        (Language::Fi, None) => texts.go_hint_unknown.to_owned(),
        _ => fill(texts.go_hint, name),
    };
    let action = match &bank.unavailable {
        None => parts::go("bank", bank.id.as_str(), &label),
        Some(why) => el("p", "k-alert")
            .part("alert")
            .text(&banks::reason(context, why)),
    };
    let mark = parts::mark(bank, "k-mark k-big");
    confirmation(context, mark, &label, &hint, action)
}

/// The choice is made on the provider's page: one button to it.
fn at_provider(context: &Context<'_>) -> Element {
    let texts = context.texts();
    let mark = parts::symbol(icons::BANK, "k-big k-h10");
    // The button has no name: neither a bank nor a method is chosen here.
    let action = el("button", "k-go").part("button").text(texts.go_pay);
    confirmation(context, mark, texts.choose_bank, texts.go_pay_hint, action)
}

fn confirmation(
    context: &Context<'_>,
    mark: Element,
    title: &str,
    hint: &str,
    action: Element,
) -> Element {
    el("div", "k-one")
        .child(mark)
        .child(parts::title(title))
        .child(el("p", "").text(hint))
        .child(parts::pay(context, "k-form").child(action))
}

/// Adds the other methods as rows.
fn methods(list: Element, context: &Context<'_>) -> Element {
    let entry = |method: &Method| {
        let button = row("method", &method.code)
            .child(parts::symbol(icons::METHOD, "k-plain"))
            .child(el("span", "k-name").text(method.names.get(context.language)));
        el("li", "").child(button)
    };
    list.children(context.session.methods.iter().map(entry))
}

fn row(name: &str, value: &str) -> Element {
    el("button", "k-bank")
        .part("bank")
        .attr("name", name)
        .attr("value", value)
}
