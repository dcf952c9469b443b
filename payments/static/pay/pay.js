/* What makes the payment pages more convenient. They work without it: nothing here is needed to pay. */
(function () {
  "use strict";
  var live = document.getElementById("live");
  var news = document.getElementById("news");

  function all(selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  }

  function tell(words) {
    if (news) news.textContent = words;
  }

  /* Copying. The old way is for pages in frames, where the new one needs the permission of the page around. */
  function copyOldWay(text) {
    var field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.appendChild(field);
    field.select();
    var done = false;
    try { done = document.execCommand("copy"); } catch (error) { done = false; }
    field.remove();
    return done;
  }

  function copied(button, done) {
    var words = done ? button.dataset.done : button.dataset.failed;
    var before = button.dataset.words || (button.dataset.words = button.textContent);
    button.textContent = words;
    tell(words);
    setTimeout(function () { button.textContent = before; }, 2000);
    button.focus();
  }

  /* The list of languages lies over the page, and goes when somebody turns to anything else. */
  var language = document.querySelector(".language");

  function fold(event) {
    if (language && language.open && !language.contains(event.target)) language.open = false;
  }

  document.addEventListener("click", fold);
  document.addEventListener("focusin", fold);
  document.addEventListener("keydown", function (event) {
    if (event.keyCode !== 27 || !language || !language.open) return; /* 27: Escape */
    language.open = false;
    language.querySelector("summary").focus();
  });

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest(".copy");
    if (!button) return;
    var text = button.dataset.copy;
    if (navigator.clipboard && navigator.clipboard.writeText) {
      navigator.clipboard.writeText(text).then(
        function () { copied(button, true); },
        function () { copied(button, copyOldWay(text)); }
      );
    } else {
      copied(button, copyOldWay(text));
    }
  });

  /* In the digits of the page's amounts. */
  function inDigits(words, node) {
    var zero = (node.dataset.zero || "0").charCodeAt(0);
    return words.replace(/[0-9]/g, function (digit) { return String.fromCharCode(zero + Number(digit)); });
  }

  /* The time that is left: by the minute, and in the last ten by the second: before that seconds would only make people
     hurry. It is never read aloud. */
  var ticking = [];

  function part(one, number, unit) {
    try {
      return new Intl.NumberFormat(one.locale, { style: "unit", unit: unit, unitDisplay: "long" }).format(number);
    } catch (error) {
      return null;
    }
  }

  function leftOf(one, left) {
    if (left <= 0) return one.node.dataset.over;
    var minutes = part(one, Math.floor(left / 60) % 60, "minute");
    if (left < 600 || (left < 3600 && !minutes)) {
      return ("0" + Math.floor(left / 60)).slice(-2) + ":" + ("0" + (left % 60)).slice(-2);
    }
    if (left < 3600) return minutes;
    var hours = part(one, Math.floor(left / 3600), "hour");
    return hours && minutes ? hours + " " + minutes : null;
  }

  function tick() {
    ticking.forEach(function (one) {
      var words = leftOf(one, Math.round((one.until - Date.now()) / 1000));
      if (words === null || words === one.words) return;
      one.words = words;
      one.node.textContent = inDigits(words, one.node);
    });
  }

  /* A slip is seen before the form is sent; whether it is one, the server says. In its own place from the start: a
     line that appeared when the field is left would push the button away from under the finger. */
  function count(field) {
    var place = document.querySelector(".count");
    if (!place) return;
    var least = Number(field.dataset.least), most = Number(field.dataset.most);
    var length = field.value.replace(/[\s-]/g, "").length;
    var fits = length >= least && length <= most;
    place.hidden = false;
    place.className = fits ? "count good" : "count";
    var wanted = least === most ? most : least + "–" + most;
    place.textContent = inDigits(length + " / " + wanted + (fits ? " ✓" : ""), place);
  }

  /* Pictures of telephones have megabytes, and the line may carry ten kilobytes a second. */
  function smaller(input) {
    var file = input.files && input.files[0];
    var note = document.getElementById("screenshot-large");
    if (note) note.hidden = true;
    if (!file) return;
    var isLarge = function () {
      if (note) note.hidden = !(input.files[0] && input.files[0].size > Number(input.dataset.bytes));
    };
    if (file.size < 400000 || !window.createImageBitmap || !window.DataTransfer || !window.File) return isLarge();
    createImageBitmap(file).then(function (picture) {
      var scale = Math.min(1, 2000 / Math.max(picture.width, picture.height));
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(function (blob) {
        if (blob && blob.size < file.size && input.files[0] === file) {
          var carrier = new DataTransfer();
          carrier.items.add(new File([blob], "screenshot.jpg", { type: "image/jpeg" }));
          input.files = carrier.files;
        }
        isLarge();
      }, "image/jpeg", 0.85);
    }).catch(isLarge);
  }

  function dress(root) {
    all("#reference", root).forEach(count);
    all(".copy", root).forEach(function (button) { button.hidden = false; });
    ticking = all("time[data-seconds]").map(function (node) {
      return {
        node: node,
        until: Date.now() + Number(node.dataset.seconds) * 1000,
        locale: document.documentElement.lang + "-u-nu-latn",
      };
    });
  }

  document.addEventListener("change", function (event) {
    if (event.target.id === "screenshot") smaller(event.target);
  });

  document.addEventListener("input", function (event) {
    if (event.target.id === "reference") count(event.target);
  });

  /* One tap is one form, whatever the line does. */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    all("button", form).forEach(function (button) { button.setAttribute("aria-busy", "true"); });
    if (event.submitter) event.submitter.classList.add("pressed");
    setTimeout(function () { free(form); }, 15000);
  });

  function free(form) {
    delete form.dataset.sent;
    all("button", form).forEach(function (button) {
      button.removeAttribute("aria-busy");
      button.classList.remove("pressed");
    });
  }

  window.addEventListener("pageshow", function (event) {
    if (event.persisted) all("form").forEach(free);
  });

  /* News. Quick at first where something is about to happen, then slower and slower; not at all while nobody looks. */
  var WAITS = [2, 2, 3, 3, 4, 5, 5, 8, 10, 15, 20, 30];
  var step = first(), timer = 0, asking = false;

  function first() {
    return live && live.querySelector("[data-quick]") ? 0 : 8;
  }

  function later() {
    clearTimeout(timer);
    if (live && live.dataset.live && !document.hidden) {
      timer = setTimeout(ask, WAITS[Math.min(step, WAITS.length - 1)] * 1000);
      step += 1;
    }
  }

  function ask() {
    if (asking) return;
    asking = true;
    fetch(live.dataset.live, {
      headers: { "If-None-Match": '"' + live.dataset.tag + '"' },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    }).then(function (answer) {
      if (answer.status !== 200) return null;
      return answer.text().then(function (html) { show(answer, html); });
    }).catch(function () { /* no line just now: asked again */ }).then(function () {
      asking = false;
      later();
    });
  }

  function isBusy() {
    return all("input:not([type=hidden])", live).some(function (one) {
      return one === document.activeElement || (one.files ? one.files.length : one.value !== one.defaultValue);
    });
  }

  function show(answer, html) {
    var tag = (answer.headers.get("ETag") || "").replace(/^W\/|"/g, "");
    if (!tag || tag === live.dataset.tag) return;
    if (isBusy()) {
      /* Nobody loses what they are typing; they are told, and decide. */
      live.dataset.tag = tag;
      var fresh = document.getElementById("fresh");
      if (fresh) {
        fresh.hidden = false;
        tell(fresh.textContent.trim());
        if (live.contains(document.activeElement)) document.activeElement.scrollIntoView({ block: "nearest" });
      }
      return;
    }
    if (answer.headers.get("Load-Anew")) {
      location.reload();
      return;
    }
    var held = live.contains(document.activeElement);
    var parsed = new DOMParser().parseFromString(html, "text/html");
    live.replaceChildren.apply(live, Array.prototype.slice.call(parsed.body.childNodes));
    live.dataset.tag = tag;
    step = first();
    dress(live);
    var title = document.getElementById("title");
    if (title) {
      document.title = title.textContent + document.title.replace(/^.*?(?= · [^·]*$)/, "");
      tell(title.textContent);
      if (held) title.focus({ preventScroll: true });
    }
    if (parsed.querySelector("[data-still]")) delete live.dataset.live;
  }

  document.addEventListener("visibilitychange", function () {
    if (document.hidden) {
      clearTimeout(timer);
    } else if (live && live.dataset.live) {
      step = first();
      ask();
    }
  });

  dress(document);
  setInterval(tick, 1000);
  tick();
  var errors = document.querySelector(".errors");
  if (errors) errors.focus();
  if (live && live.dataset.live && window.fetch && window.DOMParser && live.replaceChildren) later();
})();
