// Where the keyboard is, seen through shadow roots.
import assert from 'node:assert/strict';

/** What has the focus: its role by markup, its text, and whether a customer can see it. */
export function focused(page) {
  return page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    // A field's outline may stand on the label around it.
    const shown = [element, element.closest('label')].some((box) => {
      if (!box) return false;
      const { outlineStyle, outlineWidth } = getComputedStyle(box);
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
    });
    const label = element.getAttribute('aria-label') ?? element.querySelector('.k-name')?.firstChild?.textContent;
    return { tag: element.localName, text: (label ?? element.textContent).trim(), shown };
  });
}

/** Asserts what has the focus, and that the customer can see where. */
export async function assertFocus(page, tag, text) {
  assert.deepEqual(await focused(page), { tag, text, shown: true });
}

/** Waits for the focus to come to the heading of a screen that has changed: there reading goes on. */
export async function waitForFocusOn(page, heading) {
  await page.waitForFunction((text) => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element.localName === 'h2' && element.textContent === text;
  }, heading);
}
