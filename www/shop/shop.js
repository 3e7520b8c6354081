// What every page has: language, theme, basket link, developer panel; and the front page's products.

import { count, bill, stepper } from "./basket.js";
import { currentLanguage, money, setLanguage, text } from "./texts.js";
import "./panel.js";

const THEMES = ["auto", "light", "dark"];

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => setLanguage(button.dataset.language));
}

const themeButton = document.querySelector(".theme");
themeButton.addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  localStorage.setItem("shop-theme", next);
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  showChrome();
});

function theme() {
  return document.documentElement.dataset.theme ?? "auto";
}

function showChrome() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.ariaPressed = String(button.dataset.language === currentLanguage());
  }
  document.querySelector(".languages").ariaLabel = text("shop.language");
  themeButton.ariaLabel = text(`theme.${theme()}`);
  themeButton.title = themeButton.ariaLabel;
  themeButton.dataset.theme = theme();
  const link = document.querySelector(".to-basket");
  link.ariaLabel = text("basket.open", { count: count() });
  link.querySelector(".count").textContent = count();
  link.classList.toggle("filled", count() > 0);
}

const products = document.querySelector(".products");
if (products) {
  for (const place of products.querySelectorAll("[data-product]")) place.replaceChildren(stepper(place.dataset.product));
  const form = document.querySelector(".shelf");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (count() > 0) location.assign("/checkout.html");
  });
  // Going from field to field with Enter must not leave the page.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault();
      event.target.dispatchEvent(new Event("change"));
    }
  });
}

function showBar() {
  const bar = document.querySelector(".bar");
  if (!bar) return;
  const many = count();
  bar.classList.toggle("filled", many > 0);
  bar.querySelector(".bar-count").textContent = many > 0 ? text("basket.count", { count: many }) : text("basket.empty");
  bar.querySelector(".bar-total").textContent = many > 0 ? money(bill().lines.reduce((sum, line) => sum + line.sum, 0)) : "";
  bar.querySelector("button").disabled = many === 0;
}

for (const name of ["shop-language", "shop-basket"]) {
  document.addEventListener(name, showChrome);
  document.addEventListener(name, showBar);
}
showChrome();
showBar();
