//! Choosing: the six ways, of which each shows methods, banks, both or a single bank.

use kassa_checkout::{
    contract::{ChooseAt, Method},
    selection::OptionName,
};
use leptos::prelude::*;

use super::{banks, icons, parts};
use crate::{
    format,
    model::{Context, Fault, Step},
    texts::fill,
};

/// The choice at `step`.
pub(super) fn view(context: &Context<'_>, step: Step, fault: Option<Fault>) -> AnyView {
    let session = context.session;
    let content = match (session.choose_at, session.option, step) {
        (ChooseAt::Provider, ..) => at_provider(context),
        (_, OptionName::SingleBank, _) => single(context),
        (_, OptionName::MethodThenBank, Step::Methods) => methods_first(context),
        (_, OptionName::MethodThenBank, Step::Banks) => banks_second(context),
        (_, OptionName::BanksAmongMethods, _) => among_methods(context),
        (_, OptionName::BanksInGroup, _) => in_group(context),
        (_, OptionName::AllBanks | OptionName::NamedBanks, _) => banks_only(context),
    };
    view! {
        {parts::header(session, context)}
        <div class="k-body">{fault.map(|fault| alert(context, fault))}{content}</div>
        {parts::footer(context.texts())}
    }
    .into_any()
}

/// Why the last choice led nowhere.
fn alert(context: &Context<'_>, fault: Fault) -> AnyView {
    let texts = context.texts();
    let text = match fault {
        Fault::Provider => texts.bank_unreachable,
        Fault::NotPayable => texts.not_payable,
        Fault::Offline => texts.offline,
        Fault::Unknown | Fault::Unreachable => texts.unreachable_text,
    };
    view! { <p class="k-alert" part="alert" role="alert">{text}</p> }.into_any()
}

/// Option 1, first step.
fn methods_first(context: &Context<'_>) -> AnyView {
    let texts = context.texts();
    let to_banks = view! {
        <li>
            <button
                class="k-bank"
                part="bank"
                name="step"
                value=Step::Banks.as_str()
                formmethod="get"
                formaction=context.page()
            >
                <span class="k-mark k-h21">{parts::icon(icons::BANK)}</span>
                <span class="k-name">{texts.online_bank}<small>{texts.online_bank_hint}</small></span>
            </button>
        </li>
    };
    let list = view! {
        // The first step turns the page by GET, which carries the language in the query.
        <input type="hidden" name="lang" value=context.language.code()/>
        <ul class="k-banks" part="banks">{to_banks}{methods(context)}</ul>
    };
    view! {
        {parts::title(texts.choose_method)}
        {parts::pay(context, "k-list", list.into_any())}
    }
    .into_any()
}

/// Option 1, second step: the banks, and the way back.
fn banks_second(context: &Context<'_>) -> AnyView {
    let back = parts::quiet("step", Step::Methods.as_str(), context.texts().back);
    view! { {banks_only(context)}{parts::turn(context, back)} }.into_any()
}

/// Option 2: one list in which the banks stand among the other methods.
fn among_methods(context: &Context<'_>) -> AnyView {
    let texts = context.texts();
    view! {
        {parts::title(texts.choose_method)}
        {banks::search(context)}
        {parts::pay(context, "k-list", banks::list(context, Some(methods(context))))}
    }
    .into_any()
}

/// Option 3: the banks as a group, then the others.
fn in_group(context: &Context<'_>) -> AnyView {
    let texts = context.texts();
    let others = (!context.session.methods.is_empty()).then(|| {
        view! {
            <h3 class="k-group">{texts.other_methods}</h3>
            <ul class="k-banks" part="banks">{methods(context)}</ul>
        }
    });
    let lists = view! { {banks::list(context, None)}{others} };
    view! {
        {parts::title(texts.choose_method)}
        <h3 class="k-group">{texts.banks}</h3>
        {banks::search(context)}
        {parts::pay(context, "k-list", lists.into_any())}
    }
    .into_any()
}

/// Options 4 and 5: banks and nothing else.
fn banks_only(context: &Context<'_>) -> AnyView {
    view! {
        {parts::title(context.texts().choose_bank)}
        {banks::search(context)}
        {parts::pay(context, "k-list", banks::list(context, None))}
    }
    .into_any()
}

/// Option 6: one bank, to be confirmed.
fn single(context: &Context<'_>) -> AnyView {
    let texts = context.texts();
    let Some(bank) = context.session.banks.first() else {
        return banks_only(context);
    };
    let name = bank.names.get(context.language);
    let label = parts::towards(context, name, texts.go_to, texts.go_to_unknown);
    let hint = match context.language {
        kassa_checkout::Language::Fi => match format::of_bank(name) {
            Some(inflected) => fill(texts.go_hint, &inflected),
            None => texts.go_hint_unknown.to_owned(),
        },
        _ => fill(texts.go_hint, name),
    };
    let action = match &bank.unavailable {
        None => parts::go("bank", bank.id.as_str(), label.clone()),
        Some(why) => {
            let why = banks::reason(context, why);
            view! { <p class="k-alert" part="alert">{why}</p> }.into_any()
        }
    };
    confirmation(
        context,
        parts::mark(bank, "k-mark k-big"),
        label,
        hint,
        action,
    )
}

/// The choice is made on the provider's page: one button to it.
fn at_provider(context: &Context<'_>) -> AnyView {
    let texts = context.texts();
    let mark = view! { <span class="k-mark k-big k-h21">{parts::icon(icons::BANK)}</span> };
    // The button has no name: neither a bank nor a method is chosen here.
    let action = view! { <button class="k-go" part="button">{texts.go_pay}</button> };
    confirmation(
        context,
        mark.into_any(),
        texts.choose_bank.to_owned(),
        texts.go_pay_hint.to_owned(),
        action.into_any(),
    )
}

fn confirmation(
    context: &Context<'_>,
    mark: AnyView,
    title: String,
    hint: String,
    action: AnyView,
) -> AnyView {
    view! {
        <div class="k-one">
            {mark}
            {parts::title(title)}
            <p>{hint}</p>
            {parts::pay(context, "k-form", action)}
        </div>
    }
    .into_any()
}

/// The other methods as rows.
fn methods(context: &Context<'_>) -> AnyView {
    let row = |method: &Method| {
        let name = method.names.get(context.language).to_owned();
        view! {
            <li>
                <button class="k-bank" part="bank" name="method" value=method.code.clone()>
                    <span class="k-mark k-plain">{parts::icon(icons::METHOD)}</span>
                    <span class="k-name">{name}</span>
                </button>
            </li>
        }
    };
    context
        .session
        .methods
        .iter()
        .map(row)
        .collect_view()
        .into_any()
}
