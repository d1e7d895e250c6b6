// Starts Swagger UI. A file of its own because the page's policy allows no inline script.
"use strict";

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // Tokens stay in this page's memory and are gone when it is closed.
  persistAuthorization: false,
  // The default asks a server on the internet whether the description is valid.
  validatorUrl: null,
});
