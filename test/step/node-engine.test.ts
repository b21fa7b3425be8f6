import { nodeEngine } from '../../src/step/node-engine.js';
import { engineContract } from '../contracts/engine.contract.js';

engineContract('node', () => nodeEngine);
