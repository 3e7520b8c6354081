//! What shops were told, for those that missed it: the messages in order, and sent once more.

use axum::{Json, extract::State};
use http::StatusCode;
use kassa_checkout::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{Authorized, Path};
use crate::{
    clock,
    problem::{Fault, Problem, ProblemBody},
    state::AppState,
    store::{Message, MessageFilter, Outcome, REPLAYABLE},
};

/// How many messages a page holds when the shop does not say.
const PAGE: u32 = 20;
/// How many it holds at most.
const LARGEST_PAGE: u32 = 100;

/// What a shop asks the messages for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Only those after this message: the last `webhook-id` that the shop knows.
    after: Option<String>,
    /// How many, 1 to 100; 20 without it.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A message to the shop.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookMessage)]
pub(crate) struct MessageView {
    /// Its identifier, which webhooks bear as `webhook-id`.
    #[schema(example = "msg_0123456789abcdefghjkmnpq")]
    id: String,
    /// The payment that it is about.
    payment: String,
    /// Where its delivery stands.
    outcome: Outcome,
    /// How often its delivery was tried.
    tries: u32,
    /// When it is tried next, as RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try_at: Option<String>,
    /// The body of the webhook: `type`, `timestamp` and `data`, which is the payment.
    #[schema(value_type = Object)]
    event: Box<RawValue>,
}

impl TryFrom<Message> for MessageView {
    type Error = Problem;

    fn try_from(message: Message) -> Result<Self, Problem> {
        Ok(Self {
            id: message.id,
            payment: message.payment,
            outcome: message.outcome,
            tries: message.tries,
            next_try_at: message.due_at.map(clock::rfc3339),
            event: RawValue::from_string(message.body).map_err(|_| Fault::Internal)?,
        })
    }
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookMessageList)]
pub(crate) struct MessageList {
    /// The messages, oldest first.
    data: Vec<MessageView>,
    /// Whether there are more at once: ask again after the last of these.
    more: bool,
}

/// Lists what the shop was told in the last 30 days, oldest first.
///
/// A shop that was away longer than webhooks are retried reads on from the last message that it
/// knows. Each says the same as its webhook, whether that was delivered or not.
#[utoipa::path(
    get, path = "/v1/events", tag = "shop", operation_id = "listEvents",
    params(EventsQuery),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A page of messages", body = MessageList),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Authorized(shop): Authorized,
    uri: http::Uri,
) -> Result<Json<MessageList>, Problem> {
    let query = axum::extract::Query::<EventsQuery>::try_from_uri(&uri)
        .map_err(|_| {
            Problem::new(Fault::Query).detail("expected after and limit, each at most once")
        })?
        .0;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::field(Fault::Query, "limit", "expected 1 to 100"));
    }
    if let Some(after) = &query.after {
        find(&app, &shop.id, after).await?.ok_or_else(|| {
            Problem::field(
                Fault::Cursor,
                "after",
                "expected the identifier of a message",
            )
        })?;
    }
    let filter = MessageFilter {
        shop: Some(shop.id.clone()),
        from: Some(oldest(clock::now())),
        after: query.after,
        // One more than is shown, to know whether there are more.
        limit: limit.saturating_add(1),
        ..MessageFilter::default()
    };
    let mut found = app.store.messages(filter).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > shown;
    found.truncate(shown);
    let data: Result<_, _> = found.into_iter().map(MessageView::try_from).collect();
    Ok(Json(MessageList { data: data?, more }))
}

/// Sends a message once more, with the same `webhook-id`, up to 30 days after it was written.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/replay", tag = "shop", operation_id = "replayWebhook",
    params(("id" = String, Path, description = "The message's identifier")),
    security(("api_key" = [])),
    responses(
        (status = 202, description = "It is sent again", body = MessageView),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn replay(
    State(app): State<AppState>,
    Authorized(shop): Authorized,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<MessageView>), Problem> {
    let message = find(&app, &shop.id, &id).await?.ok_or(Fault::NotFound)?;
    if message.at < oldest(clock::now()) {
        return Err(Problem::new(Fault::Replay).detail("it was written more than 30 days ago"));
    }
    if app.store.replay(&shop.id, vec![id.clone()]).await? == 0 {
        return Err(Problem::new(Fault::Replay)
            .detail("it is being sent now")
            .retry_after(15));
    }
    app.outbox.notify_one();
    let message = find(&app, &shop.id, &id).await?.ok_or(Fault::NotFound)?;
    Ok((StatusCode::ACCEPTED, Json(message.try_into()?)))
}

fn oldest(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.millis().saturating_sub(REPLAYABLE * 1_000))
}

async fn find(app: &AppState, shop: &str, id: &str) -> Result<Option<Message>, Problem> {
    let filter = MessageFilter {
        id: Some(id.to_owned()),
        shop: Some(shop.to_owned()),
        limit: 1,
        ..MessageFilter::default()
    };
    Ok(app.store.messages(filter).await?.pop())
}
