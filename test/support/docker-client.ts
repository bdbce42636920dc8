/** One challenge of a `WWW-Authenticate` header, as docker's and containerd's clients read it. */
interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const CHALLENGE = /(\w+) ((?:\w+="[^"]*"(?:, ?(?=\w+="))?)+)/g;

const challengesOf = (header: string): Challenge[] =>
  [...header.matchAll(CHALLENGE)].map(([, scheme = '', rest = '']) => ({
    scheme: scheme.toLowerCase(),
    parameters: Object.fromEntries(
      [...rest.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    ),
  }));

/** Of the answer to a token request, what clients use. */
export interface TokenAnswer {
  readonly token: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly issued_at: string;
  readonly scope?: string;
}

/**
 * A client that logs in by token only, as docker does at a registry that challenges with Bearer: it asks without
 * credentials, goes to the realm that it is told with Basic, and comes back with the token.
 */
export class DockerStyleClient {
  constructor(
    private readonly url: string,
    private readonly password: string,
  ) {}

  async send(method: string, path: string): Promise<Response> {
    const first = await fetch(`${this.url}${path}`, { method });
    if (first.status !== 401) return first;
    const { token } = await this.login(first);
    return fetch(`${this.url}${path}`, { method, headers: { Authorization: `Bearer ${token}` } });
  }

  /** The token that a challenge leads to. */
  async login(challenged: Response): Promise<TokenAnswer> {
    const bearer = this.bearer(challenged);
    const { realm = '', service = '', scope } = bearer.parameters;
    const url = new URL(realm);
    url.search = new URLSearchParams({
      account: 'me',
      client_id: 'docker',
      offline_token: 'true',
      service,
      ...(scope !== undefined && { scope }),
    }).toString();
    const credentials = Buffer.from(`me:${this.password}`).toString('base64');
    const answer = await fetch(url, { headers: { Authorization: `Basic ${credentials}` } });
    if (answer.status !== 200) throw new Error(`the token server answered ${answer.status}`);
    return (await answer.json()) as TokenAnswer;
  }

  bearer(challenged: Response): Challenge {
    const challenges = challengesOf(challenged.headers.get('www-authenticate') ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (!bearer) throw new Error('there is no Bearer challenge');
    return bearer;
  }
}
