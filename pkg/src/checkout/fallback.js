// What can be shown without the WebAssembly module: before it has loaded, and if it never does.
// The words are those of `go_pay` in www/widget/src/texts.rs; a test there compares them.
const words = {
  fi: 'Siirry maksamaan',
  sv: 'Fortsätt till betalningen',
  en: 'Continue to payment',
};

const line = (kind) => `<p class="k-sk k-sk-${kind}"></p>`;

export const fallback = {
  skeleton: `<div class="kassa" aria-hidden="true"><div class="k-sum"><div>${line('payee')}${line('short')}</div>${line('sum')}</div><div class="k-body">${line('title')}${line('row').repeat(4)}</div></div>`,

  /** A link to the page that works without any script. */
  link(address, language) {
    const box = document.createElement('div');
    box.className = 'kassa';
    const link = document.createElement('a');
    link.className = 'k-go';
    link.target = '_top';
    link.href = address;
    link.lang = words[language] ? language : 'fi';
    link.textContent = words[link.lang];
    box.append(link);
    return box;
  },
};
