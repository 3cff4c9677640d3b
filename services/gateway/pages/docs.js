// Shows /api/openapi.json. The bundled Swagger UI (4.15) reads OpenAPI 3.0 only, so the 3.1 document is put in its words here.
"use strict";
(async () => {
  const isNull = (schema) => schema && schema.type === "null";
  const older = (node) => {
    if (Array.isArray(node)) return node.map(older);
    if (node === null || typeof node !== "object") return node;
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, older(value)]));
    if (Array.isArray(copy.anyOf) && copy.anyOf.some(isNull)) {
      const rest = copy.anyOf.filter((schema) => !isNull(schema));
      delete copy.anyOf;
      if (rest.length === 1 && !rest[0].$ref) Object.assign(copy, rest[0]);
      else if (rest.length === 1) copy.allOf = rest;
      else copy.anyOf = rest;
      copy.nullable = true;
    }
    if ("const" in copy && !("enum" in copy)) copy.enum = [copy.const];
    return copy;
  };
  const answer = await fetch("/api/openapi.json", { headers: { "Accept-Language": navigator.language }, credentials: "omit" });
  const spec = older(await answer.json());
  spec.openapi = "3.0.3";
  window.ui = SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    deepLinking: true,
    docExpansion: "none",
    showExtensions: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
  });
})();
