// What can be shown without the WebAssembly module: before it has loaded, and if it never does.
// The words are those of `go_pay` and `loading` in www/widget/src/texts.rs; a test there compares
// them.
const words = {
  fi: ['Siirry maksamaan', 'Ladataan maksua'],
  sv: ['Fortsätt till betalningen', 'Betalningen laddas'],
  en: ['Continue to payment', 'Loading the payment'],
};

/** Says the words of one kind in a language, Finnish where it is not spoken here. */
function speak(element, kind, language) {
  element.lang = words[language] ? language : 'fi';
  element.textContent = words[element.lang][kind];
}

const line = (kind) => `<p class="k-sk k-sk-${kind}"></p>`;

export const fallback = {
  skeleton: `<div class="kassa" aria-hidden="true"><div class="k-sum"><div>${line('payee')}${line('short')}</div>${line('sum')}</div><div class="k-body">${line('title')}${line('row').repeat(4)}</div></div>`,

  /** Has a screen reader say that something is on its way. */
  say: (region, language) => speak(region, 1, language),

  /** Puts a link to the page that works without any script into `slot`. */
  link(slot, address, language) {
    slot.innerHTML = '<div class="kassa"><a class="k-go" target="_top">';
    const link = slot.querySelector('a');
    link.href = address;
    speak(link, 0, language);
  },
};
