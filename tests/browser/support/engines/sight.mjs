// What runs in the page to see it as a customer does. Each function stands alone: it is sent there
// as text.

/**
 * The middle of the `nth` visible thing with this role whose name begins so, brought into view;
 * `null` when there is none. Looks into shadow roots and into frames of the same origin.
 */
export function place(role, name, nth) {
  const selector = {
    button: 'button,summary',
    link: 'a[href]',
    heading: 'h1,h2',
    'element heading': 'h2',
    search: '[type=search]',
    text: 'p,label,dd',
  }[role];
  const words = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE || node.hidden || node.getAttribute('aria-hidden') === 'true') return '';
    return node.getAttribute('aria-label') ?? [...node.childNodes].map(words).join(' ');
  };
  const every = (root) =>
    [...root.querySelectorAll('*')].flatMap((element) => [
      element,
      ...(element.shadowRoot ? every(element.shadowRoot) : []),
      ...(element.localName === 'iframe' && element.contentDocument ? every(element.contentDocument) : []),
    ]);
  const found = every(document).filter(
    (element) =>
      element.matches(selector) &&
      (role !== 'element heading' || element.getRootNode() instanceof element.ownerDocument.defaultView.ShadowRoot) &&
      element.checkVisibility() &&
      words(element).replace(/\s+/g, ' ').trim().startsWith(name),
  )[nth];
  if (!found) return null;
  found.scrollIntoView({ block: 'center', behavior: 'instant' });
  const { x, y, width, height } = found.getBoundingClientRect();
  const middle = { x: x + width / 2, y: y + height / 2 };
  for (let { frameElement } = found.ownerDocument.defaultView; frameElement; { frameElement } = frameElement.ownerDocument.defaultView) {
    const outer = frameElement.getBoundingClientRect();
    middle.x += outer.x + frameElement.clientLeft;
    middle.y += outer.y + frameElement.clientTop;
  }
  return middle;
}

/** What has the focus, through shadow roots: its tag, its text, and whether a customer can see it. */
export function focused() {
  let element = document.activeElement;
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  // A field's outline may stand on the label around it.
  const shown = [element, element.closest('label')].some((box) => {
    if (!box) return false;
    const { outlineStyle, outlineWidth } = getComputedStyle(box);
    return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
  });
  const label = element.getAttribute('aria-label') ?? element.querySelector('.k-name')?.textContent;
  return { tag: element.localName, text: (label ?? element.textContent).trim(), shown };
}

/** The page's address and words, for a test that failed. */
export function said() {
  const words = (root) =>
    [...root.querySelectorAll('h1,h2,button,a,p')]
      .filter((element) => element.checkVisibility())
      .map((element) => `${element.localName}: ${element.textContent.replace(/\s+/g, ' ').trim()}`);
  const inside = [...document.querySelectorAll('kassa-checkout,kassa-status')].flatMap((element) =>
    element.shadowRoot ? ['in the element:', ...words(element.shadowRoot)] : ['no element'],
  );
  return [`at ${location.href}`, ...words(document), ...inside].join('\n').slice(0, 3_000);
}
