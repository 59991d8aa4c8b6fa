/** Schemas as people write them: API bodies, configuration files, Kubernetes, GitHub, extraction, agents. */
const closed = (properties: object, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})
const text = { type: 'string' }
const dnsLabel = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 63 }
const labels = { type: 'object', additionalProperties: { type: 'string', maxLength: 63 } }
const quantity = { type: 'string', pattern: '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' }
const port = { type: 'integer', minimum: 1, maximum: 65535 }

export const REALISTIC: Record<string, unknown> = {
  person: closed({
    name: text,
    age: { type: 'integer', minimum: 0, maximum: 150 },
    email: { type: 'string', format: 'email' },
  }),
  sentiment: closed({
    label: { enum: ['positive', 'neutral', 'negative'] },
    confidence: { type: 'number', minimum: 0, maximum: 1 },
  }),
  recipe: closed({
    title: { type: 'string', minLength: 1, maxLength: 80 },
    servings: { type: 'integer', exclusiveMinimum: 0, maximum: 24 },
    ingredients: {
      type: 'array',
      minItems: 1,
      maxItems: 20,
      items: closed({
        item: text,
        amount: { type: 'number', exclusiveMinimum: 0 },
        unit: { enum: ['g', 'ml', 'piece', null] },
      }),
    },
    steps: { type: 'array', items: text, minItems: 2 },
  }),
  'calendar event': closed({
    name: text,
    date: { type: 'string', format: 'date' },
    participants: { type: 'array', items: text },
  }),
  'math steps': closed({
    steps: { type: 'array', items: closed({ explanation: text, output: text }) },
    final_answer: text,
  }),
  'ui tree': {
    ...closed({
      type: { enum: ['div', 'button', 'field'] },
      label: text,
      children: { type: 'array', items: { $ref: '#' } },
      attributes: { type: 'array', items: closed({ name: text, value: text }) },
    }),
  },
  'linked list': {
    ...closed({ list: { $ref: '#/$defs/node' } }),
    $defs: {
      node: closed({
        value: { type: 'number' },
        next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
      }),
    },
  },
  'binary expression': {
    $ref: '#/definitions/expression',
    definitions: {
      expression: { anyOf: [{ type: 'number' }, { $ref: '#/definitions/binary' }] },
      binary: closed({
        op: { enum: ['+', '-', '*', '/'] },
        left: { $ref: '#/definitions/expression' },
        right: { $ref: '#/definitions/expression' },
      }),
    },
  },
  'k8s metadata': {
    type: 'object',
    properties: {
      name: dnsLabel,
      namespace: dnsLabel,
      labels,
      annotations: { type: 'object', additionalProperties: text },
    },
    required: ['name'],
  },
  'k8s container': {
    type: 'object',
    required: ['name', 'image'],
    properties: {
      name: dnsLabel,
      image: text,
      imagePullPolicy: { type: 'string', enum: ['Always', 'Never', 'IfNotPresent'] },
      ports: {
        type: 'array',
        items: {
          type: 'object',
          required: ['containerPort'],
          properties: { containerPort: port, protocol: { enum: ['TCP', 'UDP', 'SCTP'], default: 'TCP' } },
        },
      },
      resources: {
        type: 'object',
        properties: {
          limits: { type: 'object', additionalProperties: quantity },
          requests: { type: 'object', additionalProperties: quantity },
        },
      },
      env: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name'],
          properties: { name: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }, value: text },
        },
      },
    },
  },
  'k8s service': {
    type: 'object',
    required: ['apiVersion', 'kind', 'spec'],
    properties: {
      apiVersion: { const: 'v1' },
      kind: { const: 'Service' },
      metadata: { type: 'object', properties: { name: dnsLabel, labels } },
      spec: {
        type: 'object',
        required: ['ports'],
        properties: {
          type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
          selector: labels,
          ports: {
            type: 'array',
            minItems: 1,
            items: {
              type: 'object',
              required: ['port'],
              properties: {
                port,
                targetPort: { anyOf: [port, dnsLabel] },
                nodePort: { type: 'integer', minimum: 30000, maximum: 32767 },
              },
            },
          },
        },
      },
    },
  },
  'k8s probe': {
    type: 'object',
    properties: {
      initialDelaySeconds: { type: 'integer', minimum: 0 },
      periodSeconds: { type: 'integer', minimum: 1 },
    },
    oneOf: [
      {
        properties: {
          httpGet: {
            type: 'object',
            properties: { path: { type: 'string', pattern: '^/' }, port },
            required: ['port'],
          },
        },
        required: ['httpGet'],
        additionalProperties: { type: 'integer' },
      },
      {
        properties: {
          exec: { type: 'object', properties: { command: { type: 'array', items: text } } },
          initialDelaySeconds: {},
          periodSeconds: {},
        },
        required: ['exec'],
        additionalProperties: false,
      },
    ],
  },
  'github issue': {
    type: 'object',
    required: ['title'],
    properties: {
      title: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
      body: { type: ['string', 'null'] },
      assignees: { type: 'array', items: text },
      milestone: { type: ['integer', 'null'], minimum: 1 },
      labels: {
        type: 'array',
        items: {
          oneOf: [
            { type: 'string' },
            {
              type: 'object',
              properties: {
                id: { type: 'integer' },
                name: text,
                color: { type: ['string', 'null'], pattern: '^[0-9a-f]{6}$' },
              },
            },
          ],
        },
      },
      state: { enum: ['open', 'closed'] },
      state_reason: { enum: ['completed', 'not_planned', 'reopened', null] },
    },
  },
  'github user': {
    title: 'Simple User',
    type: 'object',
    properties: {
      login: text,
      id: { type: 'integer' },
      avatar_url: { type: 'string', format: 'uri' },
      type: text,
      site_admin: { type: 'boolean' },
      starred_at: { type: 'string', examples: ['2020-07-09'] },
    },
    required: ['avatar_url', 'id', 'login', 'site_admin'],
  },
  'github workflow trigger': {
    type: 'object',
    properties: {
      on: {
        anyOf: [
          { $ref: '#/definitions/event' },
          { type: 'array', items: { $ref: '#/definitions/event' }, uniqueItems: true, minItems: 1 },
        ],
      },
      name: text,
      jobs: {
        type: 'object',
        minProperties: 1,
        additionalProperties: {
          type: 'object',
          required: ['runs-on'],
          properties: {
            'runs-on': { enum: ['ubuntu-latest', 'macos-latest', 'windows-latest'] },
            'timeout-minutes': { type: 'number', exclusiveMinimum: 0, maximum: 360 },
            steps: {
              type: 'array',
              minItems: 1,
              items: {
                type: 'object',
                anyOf: [{ required: ['uses'] }, { required: ['run'] }],
                properties: {
                  uses: text,
                  run: text,
                  name: text,
                  with: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
                },
              },
            },
          },
        },
      },
    },
    required: ['on', 'jobs'],
    definitions: { event: { enum: ['push', 'pull_request', 'workflow_dispatch', 'release', 'schedule'] } },
  },
  'package.json': {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'https://example.com/package.json',
    type: 'object',
    required: ['name', 'version'],
    properties: {
      name: {
        type: 'string',
        minLength: 1,
        maxLength: 214,
        pattern: '^(?:@[a-z0-9-~][a-z0-9-._~]*/)?[a-z0-9-~][a-z0-9-._~]*$',
      },
      version: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+(?:-[0-9A-Za-z-]+)?$' },
      keywords: { type: 'array', items: text },
      bin: { type: ['string', 'object'], additionalProperties: text },
      scripts: { type: 'object', additionalProperties: text, properties: { test: text, build: text } },
      engines: {
        type: 'object',
        properties: { node: { type: 'string' } },
        additionalProperties: { type: 'string' },
      },
      private: { type: 'boolean' },
    },
  },
  tsconfig: {
    allOf: [
      { $ref: '#/definitions/files' },
      {
        type: 'object',
        properties: {
          compilerOptions: {
            type: 'object',
            properties: {
              target: { enum: ['ES2022', 'ESNext'] },
              strict: { type: 'boolean' },
              lib: { type: 'array', uniqueItems: true, items: { enum: ['DOM', 'ES2022', 'ESNext'] } },
            },
          },
        },
        required: ['compilerOptions'],
      },
    ],
    definitions: {
      files: {
        type: 'object',
        properties: { files: { type: 'array', items: text }, include: { type: 'array', items: text } },
      },
    },
  },
  'docker compose port': {
    anyOf: [
      { type: 'number' },
      { type: 'string', pattern: '^\\d{1,5}:\\d{1,5}$' },
      closed(
        { target: port, published: { type: ['string', 'integer'] }, mode: { enum: ['host', 'ingress'] } },
        ['target'],
      ),
    ],
  },
  'geojson point': closed({
    type: { const: 'Point' },
    coordinates: {
      type: 'array',
      minItems: 2,
      maxItems: 2,
      prefixItems: [
        { type: 'number', minimum: -180, maximum: 180 },
        { type: 'number', minimum: -90, maximum: 90 },
      ],
    },
  }),
  geojson: {
    oneOf: [
      closed({ type: { const: 'Point' }, coordinates: { $ref: '#/$defs/position' } }),
      closed({
        type: { const: 'LineString' },
        coordinates: { type: 'array', minItems: 2, items: { $ref: '#/$defs/position' } },
      }),
      closed({
        type: { const: 'Polygon' },
        coordinates: {
          type: 'array',
          items: { type: 'array', minItems: 4, items: { $ref: '#/$defs/position' } },
        },
      }),
    ],
    $defs: { position: { type: 'array', minItems: 2, maxItems: 3, items: { type: 'number' } } },
  },
  'openapi response': {
    type: 'object',
    required: ['description'],
    properties: {
      description: text,
      headers: { type: 'object', additionalProperties: { $ref: '#/$defs/header' } },
      content: { type: 'object', additionalProperties: { type: 'object' } },
    },
    $defs: {
      header: { type: 'object', properties: { required: { type: 'boolean', default: false }, schema: true } },
    },
  },
  payment: {
    type: 'object',
    required: ['amount', 'currency', 'method'],
    properties: {
      amount: { type: 'number', exclusiveMinimum: 0, maximum: 99999.99 },
      currency: { type: 'string', pattern: '^[A-Z]{3}$' },
      method: {
        oneOf: [
          {
            type: 'object',
            properties: {
              kind: { const: 'card' },
              number: { type: 'string', pattern: '^\\d{16}$' },
              expires: { type: 'string', pattern: '^(0[1-9]|1[0-2])/\\d{2}$' },
            },
            required: ['kind', 'number'],
          },
          {
            type: 'object',
            properties: {
              kind: { const: 'iban' },
              iban: { type: 'string', pattern: '^[A-Z]{2}\\d{2}[A-Z0-9]{11,30}$' },
            },
            required: ['kind', 'iban'],
          },
        ],
      },
    },
    additionalProperties: false,
  },
  invoice: closed({
    number: { type: 'string', pattern: '^INV-\\d{4,}$' },
    issued: { type: 'string', format: 'date-time' },
    id: { type: 'string', format: 'uuid' },
    lines: {
      type: 'array',
      minItems: 1,
      maxItems: 50,
      items: closed({
        sku: { type: 'string', maxLength: 20 },
        quantity: { type: 'integer', minimum: 1 },
        price: { type: 'number', minimum: 0 },
      }),
    },
  }),
  'log record': {
    type: 'object',
    properties: {
      ts: { format: 'date-time' },
      level: { enum: ['debug', 'info', 'warn', 'error'] },
      host: { format: 'hostname' },
      ip: { anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
      url: { format: 'uri' },
      fields: { type: 'object' },
    },
    required: ['ts', 'level', 'host', 'ip', 'url'],
  },
  'feature flags': {
    type: 'object',
    additionalProperties: { type: 'boolean' },
    propertyNames: { pattern: '^[a-z][a-z0-9_]{0,29}$' },
    maxProperties: 20,
  },
  matrix: {
    type: 'array',
    minItems: 3,
    maxItems: 3,
    items: { type: 'array', minItems: 3, maxItems: 3, items: { type: 'integer', minimum: -9, maximum: 9 } },
  },
  tags: {
    type: 'array',
    uniqueItems: true,
    minItems: 1,
    maxItems: 3,
    items: { enum: ['news', 'sport', 'politics', 'science', 'art'] },
  },
  'long text': closed({
    summary: { type: 'string', minLength: 20, maxLength: 2000 },
    title: { type: 'string', maxLength: 60 },
  }),
  'all optional': {
    type: 'object',
    properties: { a: text, b: { type: 'integer' }, c: { type: 'boolean' }, d: { type: 'null' } },
    minProperties: 2,
    additionalProperties: false,
  },
  'open with any': {
    type: 'object',
    properties: { data: {}, meta: true },
    required: ['data', 'meta', 'extra'],
  },
  'json patch': {
    type: 'array',
    items: {
      oneOf: [
        closed({
          op: { enum: ['add', 'replace', 'test'] },
          path: { type: 'string', pattern: '^(/[a-z]+)+$' },
          value: {},
        }),
        closed({ op: { const: 'remove' }, path: text }),
        closed({ op: { enum: ['move', 'copy'] }, from: text, path: text }),
      ],
    },
  },
  'agent action': {
    anyOf: [
      closed({ thought: text, action: { const: 'search' }, query: { type: 'string', minLength: 3 } }),
      closed({
        thought: text,
        action: { const: 'finish' },
        answer: text,
        sources: { type: 'array', items: { type: 'integer', minimum: 1 } },
      }),
    ],
  },
  temperature: closed({
    celsius: { type: 'number', minimum: -273.15, maximum: 1e4 },
    fraction: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
    tiny: { type: 'number', minimum: 0.001, maximum: 0.002 },
  }),
  unicode: closed({
    größe: { enum: ['klein', 'groß', '特大', '🙂'] },
    名前: { type: 'string', pattern: '^[ぁ-ん]{2,8}$' },
  }),
  'string or list': { type: ['string', 'array', 'null'], items: text, maxLength: 10 },
  'bounded integers': closed({
    byte: { type: 'integer', minimum: 0, maximum: 255 },
    year: { type: 'integer', minimum: 1900, maximum: 2100 },
    negative: { type: 'integer', maximum: -1, minimum: -1000 },
    whole: { type: 'integer', multipleOf: 1, minimum: 7 },
    most: { type: 'integer', minimum: 999_999_999_999_990 },
  }),
  'reference with neighbours': {
    ...closed({
      low: { $ref: '#/$defs/level', maximum: 3 },
      high: { $ref: '#/$defs/level', minimum: 7, description: 'more' },
    }),
    $defs: { level: { type: 'integer', minimum: 0, maximum: 10 } },
  },
  'json schema itself': {
    type: 'object',
    properties: {
      type: { enum: ['object', 'array', 'string', 'integer'] },
      properties: { type: 'object', additionalProperties: { $ref: '#' } },
      items: { $ref: '#' },
      required: { type: 'array', items: text },
    },
    required: ['type'],
  },
}
