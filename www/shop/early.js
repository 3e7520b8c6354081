// Runs before the first paint, so that neither the theme nor the controls flicker.
const theme = localStorage.getItem("shop-theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
document.documentElement.dataset.script = "on";
