// How far exports are, without loading the page again and again. Without this file the page does that by itself.
"use strict";

(() => {
    // Twice as often as a person would look, and cheap: one question about all of them, by their keys.
    const EVERY_MS = 2000;
    const place = document.querySelector("[data-exports]");
    const bars = () => [...document.querySelectorAll("progress[data-export]")];

    async function look() {
        const asked = new URLSearchParams(bars().map((bar) => ["id", bar.dataset.export]));
        const answer = await fetch(`${place.dataset.exports}?${asked}`, { headers: { Accept: "application/json" } });
        // Whoever was signed out is led to the login by the page itself.
        if (!answer.ok || answer.redirected) {
            location.reload();
            return;
        }
        const { exports } = await answer.json();
        for (const one of exports) {
            const bar = document.querySelector(`progress[data-export="${one.id}"]`);
            if (!one.is_under_way) {
                // Its buttons are others now.
                location.reload();
                return;
            }
            if (one.percent !== null) {
                bar.value = one.percent;
            }
            const sentence = bar.parentElement.querySelector("[data-export-sentence]");
            // A reader's voice repeats what is written anew, so only what changed is.
            if (sentence.textContent !== one.sentence) {
                sentence.textContent = one.sentence;
            }
        }
        again();
    }

    function again() {
        // A web server that restarts is asked again.
        setTimeout(() => look().catch(again), EVERY_MS);
    }

    if (place && bars().length) {
        again();
    }
})();
