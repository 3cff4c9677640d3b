// Asks directory what the scanned code stands for. All texts are in scan.html.
"use strict";
(async () => {
  const show = (id) => {
    document.getElementById("waiting").hidden = true;
    document.getElementById(id).hidden = false;
  };
  const code = location.pathname.split("/").pop();
  try {
    const answer = await fetch(`/api/directory/codes/${code}`, { headers: { Accept: "application/json" }, credentials: "omit" });
    if (answer.status === 410) return show("revoked");
    if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return show("unknown");
    if (!answer.ok) return show("away");
    const told = await answer.json();
    const { region_name, station, deputy } = told;
    const words = [region_name, station?.kind_label ?? deputy?.level_label, station?.address];
    document.getElementById("place").textContent = told.name;
    document.getElementById("where").textContent = words.filter(Boolean).join(" · ");
    show("found");
  } catch {
    show("away");
  }
})();
