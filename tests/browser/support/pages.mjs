// What a customer sees and does, by role and accessible name. Markup and classes may change freely.
import { words } from './words.mjs';

/** `<kassa-checkout>`, `<kassa-status>` or the hosted page, wherever they stand in a page. */
export class Checkout {
  constructor(page, language = 'fi') {
    this.page = page;
    this.words = words[language];
  }

  /** The screen's heading, by a key of the words. */
  title(key) {
    return this.page.getByRole('heading', { level: 2, name: this.words[key], exact: true });
  }

  /** A button, by a key of the words. */
  button(key) {
    return this.page.getByRole('button', { name: this.words[key], exact: true });
  }

  /** A bank's button, by the name on it; what stands below the name does not count. */
  bank(name) {
    return this.page.getByRole('button', { name: new RegExp(`^${name}\\b`) });
  }

  search() {
    return this.page.getByRole('searchbox', { name: this.words.search });
  }

  /** Waits until the element itself has taken the place of the markup inside it. */
  async ready() {
    await this.page.waitForFunction(() =>
      document.querySelector('kassa-checkout, kassa-status')?.shadowRoot?.querySelector('h2')?.checkVisibility(),
    );
  }

  /** Waits until the screen with this heading is there, and can be used. */
  async shows(key) {
    await this.ready();
    await this.title(key).waitFor();
  }

  /** Chooses Nordea, or has it chosen at the provider, in whichever of the six ways is shown. */
  async choose({ option, at = 'kassa' }) {
    await this.ready();
    if (at === 'provider') return this.button('goPay').click();
    if (option === 'single_bank') return this.button('toNordea').click();
    if (option === 'method_then_bank') await this.button('onlineBank').click();
    await this.bank('Nordea').click();
  }
}

/** The markup inside the element, where no script runs or the element cannot be loaded. */
export class PlainCheckout extends Checkout {
  async ready() {}

  /** Waits for the screen with this heading, and asks again as often as the page offers to. */
  async comesTo(key) {
    const check = this.button('check');
    while (!(await this.title(key).isVisible())) {
      await this.title(key).or(check).first().waitFor();
      if (!(await check.isVisible())) continue;
      // The page may ask again by itself at this very moment, and the button not be there any more.
      const either = [check.click(), this.title(key).waitFor()];
      either.forEach((one) => one.catch(() => {}));
      await Promise.race(either);
    }
  }
}

/** The provider's Payment Page, as the simulator shows it. */
export class PaymentPage {
  constructor(page, language = 'fi') {
    this.page = page;
    this.words = words[language];
  }

  /** What can be chosen, by how its name begins: below it there may be a hint. */
  item(role, name) {
    return this.page.getByRole(role, { name: new RegExp(name.source ?? `^${name}`) });
  }

  /** Goes on to Nordea from what the option shows. */
  async choose(option) {
    if (option === 'single_bank') return this.page.getByRole('button', { name: this.words.toNordea }).click();
    if (option === 'method_then_bank') await this.item('link', this.words.finnishBanks).click();
    await this.item('button', 'Nordea').click();
  }
}

/** The bank's page, as the simulator shows it. */
export class BankPage {
  constructor(page, language = 'fi') {
    this.page = page;
    this.words = words[language];
  }

  async arrive() {
    await this.page.getByRole('heading', { level: 1, name: this.words.confirm }).waitFor();
  }

  /**
   * `pay`, `refuse`, `cancel`, how it ends after a week: `arrives`, `arrivesNot`, `isReversed`;
   * or at OP, that the outcome comes later: `toldLater`.
   */
  async act(act) {
    await this.arrive();
    if (['pay', 'refuse', 'cancel', 'toldLater'].includes(act)) {
      return this.page.getByRole('button', { name: this.words[act] }).click();
    }
    await this.page.getByText(this.words.late, { exact: true }).click();
    await this.page.getByRole('radio', { name: this.words[act], exact: true }).check();
    await this.page.getByRole('button', { name: this.words.payLate }).click();
  }
}
