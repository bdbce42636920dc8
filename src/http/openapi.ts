import type { INestApplication } from '@nestjs/common';
import {
  DocumentBuilder,
  SwaggerModule,
  type OpenAPIObject,
  type StandardSchemaConverter,
} from '@nestjs/swagger';
import { z } from 'zod';
import { discoveryUrl } from '../identity/oidc/issuer-keys.js';
import { problemSchema } from './problem.js';

const DESCRIPTION = `Teams ask for deletions here, with a reason; nobody but Sexton holds registry credentials. Every deletion is
planned (pinned to digests), serialized per repository, verified afterwards and audited. Errors are RFC 9457 problems
with a stable \`code\`.`;

/** zod to JSON Schema as OpenAPI 3.1 has it (JSON Schema 2020-12); schemas with an id become components. */
const convert: StandardSchemaConverter = (schema, { schemaType }) => {
  if (!(schema instanceof z.ZodType)) return undefined;
  const {
    $defs = {},
    $schema: _dialect,
    ...json
  } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: schemaType,
    unrepresentable: 'any',
  });
  const components = Object.fromEntries(Object.entries($defs).map(([name, part]) => [name, withoutId(part)]));
  const { id } = json;
  if (typeof id !== 'string') return { schema: json, components };
  return {
    schema: { $ref: `#/components/schemas/${id}` },
    components: { ...components, [id]: withoutId(json) },
  };
};

const withoutId = ({ id: _id, ...rest }: Record<string, unknown>) => rest;

/** The OpenAPI 3.1 document of the running code; with an issuer, tokens of it are one more way to come in. */
export const buildOpenApi = (app: INestApplication, issuer: string | null): OpenAPIObject => {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Sexton')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key (sxt_…).' }, 'bearer')
    .addBasicAuth(
      { type: 'http', scheme: 'basic', description: 'Any user name; the API key as the password.' },
      'basic',
    )
    .addSecurityRequirements('bearer')
    .addSecurityRequirements('basic');
  if (issuer !== null) {
    builder
      .addSecurity('oidc', {
        type: 'openIdConnect',
        openIdConnectUrl: discoveryUrl(issuer),
        description: "A token of the company's issuer.",
      })
      .addSecurityRequirements('oidc');
  }
  const config = builder.build();
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: convert,
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  const problem = convert(problemSchema, { schemaType: 'output' });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...problem?.components },
  };
  return document;
};
