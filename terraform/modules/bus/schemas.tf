# The registry that tells what events look like, for whoever subscribes. It takes
# JSON Schema Draft 4 and no references, so it has the top of each event; the rules
# to the last detail are those of the files under schemas/.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-schema.html

resource "aws_schemas_registry" "this" {
  name        = var.name
  description = "Events of ${var.name}"
}

locals {
  documents = { for name, e in var.events : name => jsondecode(file("${var.schemas}/${name}.v${e.version}.json")) }
}

resource "aws_schemas_schema" "event" {
  for_each = var.events

  name          = "sluice@${each.key}"
  registry_name = aws_schemas_registry.this.name
  type          = "JSONSchemaDraft4"
  description   = local.documents[each.key].description
  content = jsonencode({
    "$schema"   = "http://json-schema.org/draft-04/schema#"
    title       = each.key
    type        = "object"
    required    = ["source", "detail-type", "detail"]
    description = local.documents[each.key].description
    properties = {
      source        = { type = "string" }
      "detail-type" = { type = "string", enum = [each.key] }
      detail = {
        type     = "object"
        required = ["data"]
        properties = {
          version = { type = "integer", enum = [each.value.version] }
          data = {
            type       = "object"
            required   = try(local.documents[each.key].properties.data.required, ["task", "input"])
            properties = { for field, s in try(local.documents[each.key].properties.data.properties, {}) : field => { description = try(s.description, field) } }
          }
        }
      }
    }
  })
}
