// The theme's own controls, given the names that it forgets.

document.addEventListener("DOMContentLoaded", () => {
  for (const summary of document.querySelectorAll(".bd-sidebar summary:not([aria-label])")) {
    const page = summary.closest("li")?.querySelector("a")?.textContent.trim();
    summary.setAttribute("aria-label", `Pages of ${page}`);
  }
  // Its label would hide the keys that the button shows.
  for (const button of document.querySelectorAll(".search-button-field")) button.removeAttribute("aria-label");
});
