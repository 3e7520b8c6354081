// A page that waits looks again by itself: without script by a refresh in its markup, with the
// element by what that hears. This is for browsers between the two, in which scripts run and the
// element does not.
const { pause, url } = document.currentScript.dataset;
const again = () => setTimeout(() => location.replace(url), pause * 1000);
addEventListener('kassa-error', ({ detail: { code } }) => /load|crash/.test(code) && again(), { once: true });
addEventListener('load', () => customElements.get('kassa-checkout') || again());
