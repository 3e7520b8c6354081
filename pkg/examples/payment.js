// What a shop's page asks its own server for: a payment was made there, and this is its token.
export async function payment() {
  const answer = await fetch('/payment', { method: 'POST' });
  return answer.json(); // { session, api, page }
}
