// Drawn on the server and again in the browser. The import registers the elements in the browser
// and does nothing on the server.
import 'kassa/checkout';

export function Page({ session, api, page }) {
  return (
    <main>
      <h1>Maksu</h1>
      <kassa-checkout session={session} api={api} lang="fi">
        <a href={page}>Siirry maksamaan</a>
      </kassa-checkout>
    </main>
  );
}
